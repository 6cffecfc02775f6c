import { randomUUID } from 'node:crypto';
import { readAlone, sweepBatches, sweepDueCalls } from '@callbay/ingestion';
import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

test('a call that cannot be decided keeps no other of its tenant waiting', async () => {
  await using tenant = await callbay.openTenant({ stage: 'verification' });
  const { tenantId, client } = tenant;
  const { db, deps, settle } = callbay;
  for (const stem of ['a', 'b', 'c']) {
    await client.put(`${stem}.wav`, makeWav({ seconds: 1, seed: 1 }));
    await client.put(`${stem}.json`, json());
  }
  await settle();
  // What no decision can follow from: it would take back what was published.
  await db.execute(
    `UPDATE calls SET status = 'surfaced', recording_file_id = $2 WHERE tenant_id = $1 AND call_key = 'stem:b'`,
    [tenantId, randomUUID()],
  );
  await db.execute(`UPDATE tenants SET stage = 'live' WHERE id = $1`, [tenantId]);
  await db.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1', [tenantId]);
  await sweepDueCalls(deps);
  expect((await codesOf(callbay, tenant)).filter((line) => line.endsWith('SURFACED'))).toEqual([
    'a.wav SURFACED',
    'a.json SURFACED',
    'c.wav SURFACED',
    'c.json SURFACED',
  ]);
  const due = await db.query('SELECT call_key FROM calls WHERE tenant_id = $1 AND due_at IS NOT NULL', [
    tenantId,
  ]);
  expect(due).toEqual([{ call_key: 'stem:b' }]);
});

test('a row whose call cannot be decided keeps no later row of its batch waiting', async () => {
  await using idle = await startCallbay({ isIdle: true });
  const { tenantId, client } = await idle.openTenant();
  const { db, deps } = idle;
  const rows = Array.from({ length: 1_600 }, (_, n) => `2026-03-02T10:00:00Z,x,inbound,a${n}.wav\n`);
  await client.put('day.csv', ['datetime,email,direction,filename\n', ...rows].join(''));
  await db.execute(
    `INSERT INTO calls (tenant_id, call_key, status, recording_file_id) VALUES ($1, 'stem:a5', 'surfaced', $2)`,
    [tenantId, randomUUID()],
  );
  const [file] = await db.query<{ id: string }>('SELECT id FROM files WHERE tenant_id = $1', [tenantId]);
  await readAlone(deps, { tenantId, fileId: file!.id });
  await sweepBatches(deps);
  const told = await db.query(
    `SELECT outcome_code, count(*) AS count FROM call_records WHERE tenant_id = $1 GROUP BY outcome_code ORDER BY 1`,
    [tenantId],
  );
  expect(told).toEqual([
    { outcome_code: 'NO_RECORDING', count: 1_599 },
    { outcome_code: null, count: 1 },
  ]);
  const due = await db.query('SELECT call_key FROM calls WHERE tenant_id = $1 AND due_at IS NOT NULL', [
    tenantId,
  ]);
  expect(due).toEqual([{ call_key: 'stem:a5' }]);
  await client[Symbol.asyncDispose]();
});

test('a batch that was read counts as read, although its calls could not be advanced at once', async () => {
  await using idle = await startCallbay({ isIdle: true });
  const { tenantId, client } = await idle.openTenant();
  const { db, deps } = idle;
  await client.put(
    'day.csv',
    'datetime,email,direction,filename\n2026-03-02T10:00:00Z,x,inbound,a.wav\n2026-03-02T10:00:00Z,x,inbound,b.wav\n',
  );
  const [file] = await db.query<{ id: string }>('SELECT id FROM files WHERE tenant_id = $1', [tenantId]);
  const claimSlice = () => Promise.reject(new Error('no rows today'));
  await readAlone({ ...deps, batches: { ...deps.batches, claimSlice } }, { tenantId, fileId: file!.id });
  const [read] = await db.query(
    'SELECT outcome_code, classify_attempts FROM files WHERE tenant_id = $1 AND id = $2',
    [tenantId, file!.id],
  );
  expect(read).toEqual({ outcome_code: 'BATCH_DONE', classify_attempts: 0 });
  await sweepBatches(deps);
  const told = await db.query('SELECT outcome_code FROM call_records WHERE tenant_id = $1', [tenantId]);
  expect(told).toEqual([{ outcome_code: 'NO_RECORDING' }, { outcome_code: 'NO_RECORDING' }]);
  await client[Symbol.asyncDispose]();
});
