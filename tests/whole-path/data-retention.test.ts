import { decideCalls } from '@callbay/core';
import { sweepAlerts, sweepDataRetention, sweepOrphans, sweepPurges } from '@callbay/ingestion';
import {
  createAlertStore,
  createCallReader,
  createRetentionReader,
  createTenantStore,
} from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant, until } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CALL_AT, callsOf, codesOf, HOUR, json, trueClocks, withOlderBlobs } from './support.ts';
import { tablesWith as tablesOf } from './tables-with.ts';

const DAY = 24 * HOUR;
const STEM = '20260302-100000_outbound_secret-person';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });
const secrets = (change: Record<string, string> = {}): string =>
  json({ email: 'secret@acme.test', note: 'a secret note', ...change });
const clocks = () => ({ hostMs: Date.now(), wallElapsedMs: 0, monotonicElapsedMs: 0 });
const at = (ms: number): Promise<void> => callbay.clock.set(new Date(CALL_AT + ms));

interface Days {
  readonly evaluatedDays: number | null;
  readonly notEvaluatedDays: number | null;
}

const open = (dataRetention: Days): Promise<TestTenant> =>
  callbay.openTenant({ settings: { dataRetention } });

async function sweepAt(ms: number): Promise<number> {
  await at(ms);
  const deleted = await sweepDataRetention(callbay.deps, clocks());
  await callbay.settle();
  return deleted;
}

async function purgeAt(ms: number): Promise<void> {
  await at(ms);
  for (let left = 1; left > 0; ) left = await sweepPurges(callbay.deps, clocks());
  await callbay.settle();
}

async function surface({ client }: TestTenant, stem = STEM, seed = 1): Promise<void> {
  await at(HOUR);
  await client.put(`${stem}.wav`, wav(seed));
  await client.put(`${stem}.json`, secrets());
  await callbay.settle();
}

const blobsOf = async ({ tenantId }: TestTenant): Promise<string[]> => {
  const keys: string[] = [];
  for await (const blob of callbay.blobs.list()) if (blob.tenantId === tenantId) keys.push(blob.key);
  return keys;
};

const tablesWith = (text: string, tenantId: string) => tablesOf(callbay, text, tenantId);

const tombstonesOf = ({ tenantId }: TestTenant) =>
  callbay.db.query<{ call_id: number; reason: string; change_seq: number }>(
    'SELECT call_id, reason, change_seq FROM deleted_calls WHERE tenant_id = $1 ORDER BY call_id',
    [tenantId],
  );

const flag = ({ tenantId }: TestTenant, change: { evaluated?: boolean; legalHold?: boolean }) =>
  createCallReader(callbay.db).updateCall(tenantId, 1, change, { name: 'tests', remoteAddress: null });

describe('a call older than its age', () => {
  test('is deleted with all that is known of it, and its tombstone holds no value of the customer', async () => {
    await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
    await surface(tenant);
    await tenant.client.put(`${STEM}.json`, secrets({ note: 'another secret note' }));
    await tenant.client.put(`${STEM}.wav`, wav(1));
    await tenant.client.put(`${STEM}.mp3`, wav(2));
    await callbay.settle();
    expect(await tablesWith('secret', tenant.tenantId)).toContain('public.calls');
    expect(await sweepAt(DAY + 1)).toBe(1);
    expect(await callsOf(callbay, tenant)).toEqual([]);
    expect(await tablesWith('secret', tenant.tenantId)).toEqual([]);
    expect(await blobsOf(tenant)).toEqual([]);
    for (const folder of ['/data', '/data/processed', '/data/rejected', '/receipts'])
      expect(await tenant.client.list(folder)).toEqual(folder === '/data' ? ['processed', 'rejected'] : []);
    expect(await tombstonesOf(tenant)).toEqual([
      { call_id: 1, reason: 'NOT_EVALUATED_EXPIRED', change_seq: 3 },
    ]);
    expect(
      await callbay.db.query('SELECT type, call_key, payload FROM outbox WHERE tenant_id = $1', [
        tenant.tenantId,
      ]),
    ).toEqual([{ type: 'call.deleted', call_key: 'deleted:1', payload: { v: 1, callId: 1 } }]);
  });

  test('is kept to the very end of its age', async () => {
    await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 30 });
    await surface(tenant);
    expect(await sweepAt(30 * DAY)).toBe(0);
    expect(await sweepAt(30 * DAY + 1)).toBe(1);
  });

  test('has one age when evaluated and another when not', async () => {
    await using tenant = await open({ evaluatedDays: 2, notEvaluatedDays: 10 });
    await surface(tenant);
    expect(await sweepAt(2 * DAY + 1)).toBe(0);
    await flag(tenant, { evaluated: true });
    expect(await sweepAt(2 * DAY + 1)).toBe(1);
    expect(await tombstonesOf(tenant)).toMatchObject([{ reason: 'EVALUATED_EXPIRED' }]);
  });

  test('stays under legal hold, and goes once that ends', async () => {
    await using tenant = await open({ evaluatedDays: 1, notEvaluatedDays: 1 });
    await surface(tenant);
    await flag(tenant, { legalHold: true });
    expect(await sweepAt(400 * DAY)).toBe(0);
    expect(await callsOf(callbay, tenant)).toHaveLength(1);
    await flag(tenant, { legalHold: false });
    expect(await sweepAt(400 * DAY)).toBe(1);
  });

  test('is kept for 24 hours after a shorter age was set, with an alert, however few there are', async () => {
    await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: null });
    await surface(tenant);
    await callbay.clock.set(new Date(CALL_AT + 9 * DAY));
    const { updateTenant } = createTenantStore(callbay.db);
    const by = { name: 'test', remoteAddress: null };
    const shorter = { settings: { dataRetention: { notEvaluatedDays: 1 } } };
    await expect(updateTenant(tenant.tenantId, shorter, by, { isConfirmed: false })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await updateTenant(tenant.tenantId, shorter, by, { isConfirmed: true });
    expect(await sweepAt(10 * DAY - 1)).toBe(0);
    await sweepAlerts({ alerts: createAlertStore(callbay.db), log: callbay.deps.log });
    const alerts = await callbay.db.query<{ message: string }>(
      `SELECT message FROM alerts WHERE tenant_id = $1 AND kind = 'CALLS_DELETED_SOON' AND is_open`,
      [tenant.tenantId],
    );
    expect(alerts[0]?.message).toContain(`1 call at ${new Date(CALL_AT + 10 * DAY).toISOString()}`);
    expect(await sweepAt(10 * DAY)).toBe(1);
  });

  test('is kept where the tenant sets no age', async () => {
    await using tenant = await open({ evaluatedDays: 1, notEvaluatedDays: null });
    await surface(tenant);
    expect(await sweepAt(4000 * DAY)).toBe(0);
  });

  test('is deleted unseen where it still waited for its tenant to go live, without an event', async () => {
    await using tenant = await callbay.openTenant({
      stage: 'verification',
      settings: { dataRetention: { evaluatedDays: null, notEvaluatedDays: 1 } },
    });
    await surface(tenant);
    expect(await codesOf(callbay, tenant)).toEqual([`${STEM}.wav READY`, `${STEM}.json READY`]);
    expect(await sweepAt(DAY + 1)).toBe(1);
    expect(await tablesWith('secret', tenant.tenantId)).toEqual([]);
    expect(await tombstonesOf(tenant)).toMatchObject([{ call_id: null, change_seq: null }]);
  });

  test('takes nothing of other calls and other tenants with it', async () => {
    await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
    await using other = await open({ evaluatedDays: null, notEvaluatedDays: null });
    await surface(other);
    await surface(tenant);
    await tenant.client.put('later.wav', wav(3));
    await tenant.client.put('later.json', json({ datetime: '2026-03-02T12:00:00Z' }));
    await callbay.settle();
    expect(await sweepAt(DAY + 1)).toBe(1);
    expect(await callsOf(callbay, tenant)).toMatchObject([{ call_id: 2, call_key: 'stem:later' }]);
    expect(await codesOf(callbay, tenant)).toEqual(['later.wav SURFACED', 'later.json SURFACED']);
    expect(await callsOf(callbay, other)).toHaveLength(1);
    expect(await blobsOf(other)).toHaveLength(2);
  });

  test('leaves the rows of other calls in a batch', async () => {
    await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
    await surface(tenant);
    await tenant.client.put('list.json', json({ filename: `${STEM}.wav`, note: 'a secret row' }));
    await callbay.settle();
    await callbay.db.execute(`UPDATE files SET kind = 'batch' WHERE tenant_id = $1 AND name = 'list.json'`, [
      tenant.tenantId,
    ]);
    await callbay.db.execute(
      `INSERT INTO call_records (tenant_id, file_id, row, stem, named_stem, raw)
       SELECT tenant_id, id, 1, stem, 'other', '{"note":"of another"}' FROM files WHERE tenant_id = $1 AND kind = 'batch'`,
      [tenant.tenantId],
    );
    expect(await sweepAt(DAY + 1)).toBe(1);
    expect((await codesOf(callbay, tenant)).map((code) => code.split(' ')[0])).toEqual(['list.json']);
    expect(
      await callbay.db.query('SELECT row, named_stem FROM call_records WHERE tenant_id = $1', [
        tenant.tenantId,
      ]),
    ).toEqual([{ row: 1, named_stem: 'other' }]);
  });
});

describe('what comes for a deleted call', () => {
  test('is refused by its own code, makes no call, and is gone once it has left the drop', async () => {
    await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
    await surface(tenant);
    await sweepAt(DAY + 1);
    await tenant.client.put(`${STEM}.wav`, wav(1));
    await tenant.client.put(`${STEM}.json`, secrets());
    await tenant.client.put('renamed.json', secrets({ filename: `${STEM}.wav` }));
    await callbay.settle();
    expect(await codesOf(callbay, tenant)).toEqual([
      `${STEM}.wav CALL_DELETED`,
      `${STEM}.json CALL_DELETED`,
      'renamed.json CALL_DELETED',
    ]);
    expect((await tenant.client.receipt(`${STEM}.wav`)).state).toBe('rejected');
    expect(await callsOf(callbay, tenant)).toEqual([]);
    await sweepAt(2 * DAY);
    expect(await codesOf(callbay, tenant)).toHaveLength(3);
    await purgeAt(9 * DAY);
    await sweepAt(9 * DAY);
    expect(await tablesWith('secret', tenant.tenantId)).toEqual([]);
    expect(await blobsOf(tenant)).toEqual([]);
    expect(await tombstonesOf(tenant)).toHaveLength(1);
  });

  test('keeps a call for whose update nobody has read until that is told of', async () => {
    await using idle = await startCallbay();
    await using tenant = await idle.openTenant({
      settings: { dataRetention: { evaluatedDays: null, notEvaluatedDays: 1 } },
    });
    await idle.clock.set(new Date(CALL_AT + HOUR));
    await tenant.client.put('a.wav', wav(1));
    await tenant.client.put('a.json', json());
    await idle.settle();
    await idle.db.execute(
      `UPDATE files SET classified_at = NULL, state = 'received' WHERE tenant_id = $1 AND name = 'a.json'`,
      [tenant.tenantId],
    );
    await idle.clock.set(new Date(CALL_AT + 2 * DAY));
    expect(await sweepDataRetention(idle.deps, clocks())).toBe(0);
    await idle.db.execute(
      `UPDATE files SET classified_at = callbay_now(), state = 'done' WHERE tenant_id = $1 AND name = 'a.json'`,
      [tenant.tenantId],
    );
    expect(await sweepDataRetention(idle.deps, clocks())).toBe(1);
  });

  test('does not touch a call of the same name in another tenant', async () => {
    await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
    await using other = await open({ evaluatedDays: null, notEvaluatedDays: null });
    await surface(tenant);
    await sweepAt(DAY + 1);
    await surface(other);
    expect(await callsOf(callbay, other)).toHaveLength(1);
  });

  test('numbers go on after a deletion and none is used twice', async () => {
    await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
    await surface(tenant);
    await sweepAt(DAY + 1);
    await tenant.client.put('next.wav', wav(5));
    await tenant.client.put('next.json', json({ datetime: '2026-03-03T10:00:00Z' }));
    await callbay.settle();
    expect(await callsOf(callbay, tenant)).toMatchObject([{ call_id: 2 }]);
    const deleted = await createRetentionReader(callbay.db).listDeleted(tenant.tenantId, { limit: 10 });
    expect(deleted.items).toMatchObject([
      { callId: 1, changeSeq: 2, reason: 'NOT_EVALUATED_EXPIRED', policy: { notEvaluatedDays: 1 } },
    ]);
  });
});

test('case 57: nothing is deleted while clocks disagree', async () => {
  await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
  await surface(tenant);
  await at(2 * DAY);
  const wrong = [
    { ...clocks(), hostMs: Date.now() + 6 * 60_000 },
    { ...clocks(), wallElapsedMs: 2 * HOUR },
  ];
  for (const reading of wrong) expect(await sweepDataRetention(callbay.deps, reading)).toBe(0);
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
  expect(await sweepDataRetention(callbay.deps, clocks())).toBe(1);
});

test('bytes that a crash left after the commit are removed later', async () => {
  await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
  await surface(tenant);
  await at(2 * DAY);
  const deletion = await callbay.deps.retention.deleteExpired(tenant.tenantId, 200);
  expect(deletion.blobKeys).toHaveLength(2);
  expect(await blobsOf(tenant)).toHaveLength(2);
  await sweepOrphans(withOlderBlobs(callbay.deps, 2 * DAY), trueClocks());
  expect(await blobsOf(tenant)).toEqual([]);
});

test('a legal hold set while a deletion waits for the call is heeded', async () => {
  await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
  await surface(tenant);
  await at(2 * DAY);
  const client = await callbay.db.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('UPDATE calls SET legal_hold = TRUE WHERE tenant_id = $1', [tenant.tenantId]);
    const deleting = callbay.deps.retention.deleteExpired(tenant.tenantId, 200);
    await until('the deletion waits for a lock', async () => {
      const { rows } = await client.query('SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1');
      return rows.length === 1;
    });
    await client.query('COMMIT');
    expect((await deleting).removed).toBe(0);
  } finally {
    client.release();
  }
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
});

test('a file received while its call is being deleted is not lost: it is told what became of it', async () => {
  await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
  await surface(tenant);
  await at(2 * DAY);
  const client = await callbay.db.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM call_records WHERE tenant_id = $1 FOR UPDATE', [tenant.tenantId]);
    const deleting = callbay.deps.retention.deleteExpired(tenant.tenantId, 200);
    await until('the deletion waits for a lock', async () => {
      const { rows } = await client.query('SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1');
      return rows.length === 1;
    });
    await tenant.client.put(`${STEM}.json`, secrets({ note: 'just now' }));
    await client.query('COMMIT');
    expect((await deleting).removed).toBe(1);
  } finally {
    client.release();
  }
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([`${STEM}.json CALL_DELETED`]);
});

test('deciding a call again and again while it is deleted ends without it', async () => {
  await using tenant = await open({ evaluatedDays: null, notEvaluatedDays: 1 });
  const stems = Array.from({ length: 5 }, (_, n) => `20260302-10000${n}_outbound_busy`);
  for (const [n, stem] of stems.entries()) await surface(tenant, stem, 10 + n);
  await at(2 * DAY);
  const keys = stems.map((stem) => `stem:${stem}`);
  const deciding = Array.from({ length: 12 }, () =>
    callbay.deps.calls.advance(tenant.tenantId, keys, decideCalls),
  );
  const deleting = Array.from({ length: 4 }, () => callbay.deps.retention.deleteExpired(tenant.tenantId, 2));
  await Promise.all([...deciding, ...deleting]);
  await sweepAt(2 * DAY);
  await sweepAt(2 * DAY);
  expect(await callsOf(callbay, tenant)).toEqual([]);
  expect(await tombstonesOf(tenant)).toHaveLength(5);
  expect(await tablesWith('busy', tenant.tenantId)).toEqual([]);
});
