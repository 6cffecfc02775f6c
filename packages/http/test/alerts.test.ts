import { randomUUID } from 'node:crypto';
import { type AlertStore, sweepAlerts, sweepReconciliations } from '@callbay/ingestion';
import {
  createAlertReader,
  createAlertStore,
  createReconciliationStore,
  insertTenant,
} from '@callbay/postgres';
import { type TestClock, testClock } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCall, makeFile, startApi, type TestApi } from './support.ts';

const START = Date.parse('2026-03-02T10:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let api: TestApi;
let clock: TestClock;
let alerts: AlertStore;
let count = 0;
const sealer = { seal: (text: string) => text, unseal: (sealed: string) => sealed };
const log = { warn: () => {}, error: () => {} };

beforeAll(async () => {
  api = await startApi();
  clock = await testClock(api.db);
  alerts = createAlertStore(api.db);
});

afterAll(() => api[Symbol.asyncDispose]());

const at = (ms: number): Promise<void> => clock.set(new Date(START + ms));

async function newTenant(body: Record<string, unknown> = {}): Promise<string> {
  const id = `alert-${++count}`;
  await at(0);
  const made = await api.ask('POST /v1/tenants', {
    body: { id, name: id, timeZone: 'UTC', stage: 'live', ...body },
  });
  expect(made.status, made.text).toBe(201);
  return id;
}

/** `KIND state` of every alert, newest first, after a sweep at that moment. */
async function sweptAt(ms: number, tenantId: string): Promise<string[]> {
  await at(ms);
  await sweepAlerts({ alerts, log });
  return told(tenantId);
}

async function told(tenantId: string, query = ''): Promise<string[]> {
  const { body } = await api.ask(`GET /v1/tenants/${tenantId}/alerts${query}`);
  return body.items.map(({ kind, state }: { kind: string; state: string }) => `${kind} ${state}`);
}

test('a late feed is one alert, however often it is looked at, and the next file resolves it', async () => {
  const id = await newTenant({ settings: { feedExpectedEveryMinutes: 30 } });
  await makeFile(api.db, id, { state: 'done', code: 'DUPLICATE' });
  expect(await sweptAt(30 * MINUTE, id)).toEqual([]);
  expect(await sweptAt(30 * MINUTE + 1, id)).toEqual(['FEED_LATE open']);
  expect(await sweptAt(90 * MINUTE, id)).toEqual(['FEED_LATE open']);
  const { body } = await api.ask(`GET /v1/tenants/${id}/alerts`);
  expect(body).toEqual({
    items: [
      {
        id: expect.any(String),
        kind: 'FEED_LATE',
        subject: 'feed',
        state: 'open',
        message: expect.stringContaining('2026-03-02T10:00:00.000Z'),
        fix: expect.any(String),
        count: 1,
        examples: [],
        openedAt: '2026-03-02T10:30:00.001Z',
        updatedAt: '2026-03-02T10:30:00.001Z',
        resolvedAt: null,
      },
    ],
    nextCursor: null,
  });
  await makeFile(api.db, id, { state: 'done', code: 'DUPLICATE' });
  expect(await sweptAt(91 * MINUTE, id)).toEqual(['FEED_LATE resolved']);
  expect(await sweptAt(3 * HOUR, id)).toEqual(['FEED_LATE open', 'FEED_LATE resolved']);
  expect(await told(id, '?state=open')).toEqual(['FEED_LATE open']);
  expect(await told(id, '?state=resolved&kind=FEED_LATE')).toEqual(['FEED_LATE resolved']);
  expect(await told(id, '?kind=PURGE_SOON')).toEqual([]);
});

test('a live tenant that never sent anything is late too; one in verification and a suspended one are not', async () => {
  const id = await newTenant();
  const quiet = await newTenant({ stage: 'verification' });
  await sweptAt(2 * HOUR, id);
  expect(await told(id)).toEqual(['FEED_LATE open']);
  expect(await told(quiet)).toEqual([]);
  await api.ask(`PATCH /v1/tenants/${id}`, { body: { stage: 'suspended' } });
  expect(await sweptAt(2 * HOUR + MINUTE, id)).toEqual(['FEED_LATE resolved']);
});

test('files held for over an hour are counted by what they wait for, ten by name; what only waits to go live is not', async () => {
  const id = await newTenant({ stage: 'verification' });
  for (let index = 0; index < 11; index += 1) await makeFile(api.db, id, { name: `w${index}.wav` });
  await makeFile(api.db, id, { name: 'late.json', kind: 'sidecar', code: 'MISSING_REQUIRED' });
  await makeFile(api.db, id, { name: 'ready.wav', code: 'READY' });
  expect(await sweptAt(HOUR, id)).toEqual([]);
  expect(await sweptAt(HOUR + 1, id)).toEqual(['HELD_OVER_HOUR open']);
  const { body } = await api.ask(`GET /v1/tenants/${id}/alerts`);
  const [held] = body.items;
  expect(held.count).toBe(12);
  expect(held.examples).toHaveLength(10);
  expect(held.examples[0]).toMatchObject({
    code: expect.any(String),
    receivedAt: '2026-03-02T10:00:00.000Z',
  });
  expect(held.message).toContain('11 NO_METADATA, 1 MISSING_REQUIRED');
  await api.db.execute(`UPDATE files SET state = 'done', outcome_code = 'SURFACED' WHERE tenant_id = $1`, [
    id,
  ]);
  expect(await sweptAt(HOUR + MINUTE, id)).toEqual(['HELD_OVER_HOUR resolved']);
});

test('case 115: files that we failed to read raise an alert of their own at once, and are not told to the customer as held', async () => {
  const id = await newTenant({ stage: 'verification' });
  await makeFile(api.db, id, { name: 'heavy.wav', code: 'UNREADABLE' });
  await makeFile(api.db, id, { name: 'lost.wav', code: 'BYTES_MISSING' });
  expect(await sweptAt(MINUTE, id)).toEqual(['FILES_UNREAD open']);
  expect(await sweptAt(2 * HOUR, id)).toEqual(['FILES_UNREAD open']);
  const { body } = await api.ask(`GET /v1/tenants/${id}/alerts`);
  expect(body.items).toMatchObject([{ count: 2, message: expect.stringContaining('1 UNREADABLE') }]);
  await api.db.execute(`UPDATE files SET outcome_code = 'NO_METADATA' WHERE tenant_id = $1`, [id]);
  expect(await sweptAt(2 * HOUR + MINUTE, id)).toEqual(['HELD_OVER_HOUR open', 'FILES_UNREAD resolved']);
});

test('an alert that comes back within ten minutes is the same one', async () => {
  const id = await newTenant({ stage: 'verification' });
  await makeFile(api.db, id);
  await sweptAt(2 * HOUR, id);
  const release = (state: string) =>
    api.db.execute('UPDATE files SET state = $2 WHERE tenant_id = $1', [id, state]);
  await release('done');
  expect(await sweptAt(2 * HOUR + MINUTE, id)).toEqual(['HELD_OVER_HOUR resolved']);
  await release('held');
  expect(await sweptAt(2 * HOUR + 10 * MINUTE, id)).toEqual(['HELD_OVER_HOUR open']);
  await release('done');
  await sweptAt(2 * HOUR + 11 * MINUTE, id);
  await release('held');
  const later = await sweptAt(2 * HOUR + 22 * MINUTE, id);
  expect(later).toEqual(['HELD_OVER_HOUR open', 'HELD_OVER_HOUR resolved']);
});

test('unpaired files are told of a day before their purge', async () => {
  const id = await newTenant({ stage: 'verification' });
  await makeFile(api.db, id, { name: 'alone.wav' });
  expect(await sweptAt(6 * DAY - 1, id)).toEqual(['HELD_OVER_HOUR open']);
  await sweptAt(6 * DAY, id);
  expect(await told(id, '?kind=PURGE_SOON')).toEqual(['PURGE_SOON open']);
  const { body } = await api.ask(`GET /v1/tenants/${id}/alerts?kind=PURGE_SOON`);
  expect(body.items[0].message).toContain('2026-03-09T10:00:00.000Z');
  expect(body.items[0].examples).toMatchObject([{ name: 'alone.wav', code: 'NO_METADATA' }]);
  await api.db.execute('UPDATE files SET purged_at = callbay_now() WHERE tenant_id = $1', [id]);
  await sweptAt(6 * DAY + MINUTE, id);
  expect(await told(id, '?state=open')).toEqual([]);
});

test('a jump of rejections is told against what the week before was like', async () => {
  const id = await newTenant({ stage: 'verification' });
  const usual = await newTenant({ stage: 'verification' });
  const send = (tenantId: string, files: number, state: string) =>
    api.db.execute(
      `INSERT INTO files (tenant_id, id, drop, name, stem, ext, size_bytes, sent_by, received_at, receive_seq,
                          modified_at, state, outcome_code, shown_name)
       SELECT $1, gen_random_uuid(), 'sftp', n || '.json', n, 'json', 1, 'tests', callbay_now(),
              (SELECT coalesce(max(receive_seq), 0) FROM files WHERE tenant_id = $1) + n, callbay_now(), $3,
              CASE $3 WHEN 'done' THEN 'SURFACED' ELSE 'SCHEMA_DRIFT' END, n || '.json'
         FROM generate_series(1, $2) n`,
      [tenantId, files, state],
    );
  await at(0);
  await send(id, 198, 'done');
  for (const state of ['done', 'rejected']) await send(usual, 100, state);
  await at(2 * HOUR);
  for (const tenant of [id, usual]) {
    await send(tenant, 15, 'done');
    await send(tenant, 5, 'rejected');
  }
  await sweptAt(2 * HOUR + MINUTE, id);
  expect(await told(id)).toEqual(['REJECTION_RATE_JUMP open']);
  expect(await told(usual)).toEqual([]);
  const { body } = await api.ask(`GET /v1/tenants/${id}/alerts`);
  expect(body.items[0].count).toBe(5);
  expect(body.items[0].examples).toHaveLength(5);
  expect(body.items[0].message).toContain('5 of 20 (25%); usual is 0.5%');
  expect(await sweptAt(3 * HOUR + MINUTE, id)).toEqual(['REJECTION_RATE_JUMP resolved']);
});

test('case 57: clocks that disagree open one alert for every tenant, and agreeing again resolves it', async () => {
  const id = await newTenant({ stage: 'verification' });
  const suspended = await newTenant({ stage: 'suspended' });
  await alerts.noteShared('CLOCKS_DISAGREE', 'host and database are 400 s apart');
  await alerts.noteShared('CLOCKS_DISAGREE', 'host and database are 460 s apart');
  expect(await told(id)).toEqual(['CLOCKS_DISAGREE open']);
  expect(await told(suspended)).toEqual([]);
  expect(await sweptAt(MINUTE, id)).toEqual(['CLOCKS_DISAGREE open']);
  await alerts.noteShared('CLOCKS_DISAGREE', null);
  expect(await told(id)).toEqual(['CLOCKS_DISAGREE resolved']);
  await clock.advance(9 * MINUTE);
  await alerts.noteShared('CLOCKS_DISAGREE', 'host and database are 301 s apart');
  expect(await told(id)).toEqual(['CLOCKS_DISAGREE open']);
  await alerts.noteShared('CLOCKS_DISAGREE', null);
  await clock.advance(11 * MINUTE);
  await alerts.noteShared('CLOCKS_DISAGREE', 'host and database are 301 s apart');
  expect(await told(id)).toEqual(['CLOCKS_DISAGREE open', 'CLOCKS_DISAGREE resolved']);
  await alerts.noteShared('CLOCKS_DISAGREE', null);
});

test('a disk that is nearly full is an alert of every tenant, which facts of none resolve', async () => {
  const id = await newTenant({ stage: 'verification' });
  await alerts.noteShared('DISK_LOW', '3.0 GiB are free.');
  expect(await sweptAt(MINUTE, id)).toEqual(['DISK_LOW open']);
  await alerts.noteShared('DISK_LOW', null);
  expect(await told(id)).toEqual(['DISK_LOW resolved']);
});

test('alerts are listed page by page, each once, and one tenant’s fault hides no other’s', async () => {
  const broken = await newTenant();
  const id = await newTenant();
  const failing: AlertStore = {
    ...alerts,
    saveChanges: async (tenantId, changes) => {
      if (tenantId === broken) throw new Error('no');
      await alerts.saveChanges(tenantId, changes);
    },
  };
  await makeFile(api.db, id);
  await at(2 * HOUR);
  const errors: unknown[] = [];
  await sweepAlerts({ alerts: failing, log: { ...log, error: (detail) => errors.push(detail) } });
  expect(errors).toMatchObject([{ tenantId: broken }]);
  const first = await api.ask(`GET /v1/tenants/${id}/alerts?limit=1`);
  const second = await api.ask(`GET /v1/tenants/${id}/alerts?limit=1&cursor=${first.body.nextCursor}`);
  const kinds = [...first.body.items, ...second.body.items].map(({ kind }: { kind: string }) => kind);
  expect(kinds.sort()).toEqual(['FEED_LATE', 'HELD_OVER_HOUR']);
  expect(second.body.nextCursor).toBeNull();
  await sweepAlerts({ alerts, log });
  expect(await told(broken)).toEqual(['FEED_LATE open']);
});

test('a recording that rests elsewhere is never told to be purged soon', async () => {
  const id = await newTenant({ stage: 'verification' });
  const external = await makeFile(api.db, id);
  await api.db.execute(`UPDATE files SET drop = 'external' WHERE tenant_id = $1 AND id = $2`, [id, external]);
  expect(await sweptAt(6 * DAY + HOUR, id)).toEqual(['HELD_OVER_HOUR open']);
  await at(0);
  await makeFile(api.db, id, { name: 'own.wav' });
  await sweptAt(6 * DAY + HOUR, id);
  const { body } = await api.ask(`GET /v1/tenants/${id}/alerts?kind=PURGE_SOON`);
  expect(body.items).toMatchObject([{ count: 1, examples: [{ name: 'own.wav' }] }]);
});

describe('a day of files is reconciled', () => {
  const reconcile = async (id: string, query = '') =>
    (await api.ask(`GET /v1/tenants/${id}/reconciliation${query}`)).body;

  test('each file is counted once, by the tenant’s own day', async () => {
    const id = await newTenant({ timeZone: 'Asia/Seoul' });
    // 23:59:59.999 in Seoul, and a millisecond later the next day.
    await clock.set('2026-03-02T14:59:59.999Z');
    await makeCall(api.db, id);
    await makeFile(api.db, id, { state: 'done', code: 'DUPLICATE' });
    await makeFile(api.db, id);
    await makeFile(api.db, id, { state: 'rejected', code: 'NOT_MEDIA' });
    await makeFile(api.db, id, { state: 'withdrawn', code: 'WITHDRAWN' });
    await makeFile(api.db, id, { state: 'received', code: 'NONE' });
    await clock.set('2026-03-02T15:00:00.000Z');
    await makeFile(api.db, id);
    const day = await reconcile(id);
    expect(day).toEqual({
      day: '2026-03-02',
      timeZone: 'Asia/Seoul',
      from: '2026-03-01T15:00:00.000Z',
      until: '2026-03-02T15:00:00.000Z',
      isBalanced: true,
      counts: {
        received: 6,
        surfaced: 1,
        otherDone: 1,
        held: 1,
        rejected: 1,
        withdrawn: 1,
        pending: 1,
        unaccounted: 0,
        byCode: { DUPLICATE: 1, NONE: 1, NOT_MEDIA: 1, NO_METADATA: 1, SURFACED: 1, WITHDRAWN: 1 },
      },
      unaccountedFiles: [],
      atClose: null,
    });
    expect((await reconcile(id, '?day=2026-03-03')).counts.received).toBe(1);
    expect((await reconcile(id, '?day=2026-03-01')).counts.received).toBe(0);
  });

  test('it is stored once it has ended, a file in no outcome is named and alerts, and both end when it is settled', async () => {
    const id = await newTenant({ stage: 'verification' });
    const reconciliations = createReconciliationStore(api.db);
    const lost = await makeFile(api.db, id, { name: 'lost.wav', state: 'received', code: 'NONE' });
    const sweep = async (ms: number) => {
      await at(ms);
      await sweepReconciliations({ reconciliations, log });
      return sweptAt(ms, id);
    };
    // The day ends 14 hours after START; it is stored an hour later.
    await sweep(15 * HOUR - 1);
    expect((await reconcile(id, '?day=2026-03-02')).atClose).toBeNull();
    await sweep(15 * HOUR);
    expect(await told(id, '?kind=RECONCILIATION_GAP')).toEqual(['RECONCILIATION_GAP open']);
    const day = await reconcile(id, '?day=2026-03-02');
    expect(day).toMatchObject({
      isBalanced: false,
      counts: { received: 1, unaccounted: 1 },
      unaccountedFiles: [{ fileId: lost, name: 'lost.wav' }],
      atClose: { storedAt: '2026-03-03T01:00:00.000Z', counts: { unaccounted: 1 } },
    });
    await api.db.execute(`UPDATE files SET state = 'held', outcome_code = 'READY' WHERE tenant_id = $1`, [
      id,
    ]);
    await sweep(16 * HOUR);
    expect(await told(id, '?kind=RECONCILIATION_GAP')).toEqual(['RECONCILIATION_GAP resolved']);
    const settled = await reconcile(id, '?day=2026-03-02');
    expect(settled).toMatchObject({
      isBalanced: true,
      counts: { held: 1 },
      atClose: { counts: { unaccounted: 1 } },
    });
  });

  test('a file that says SURFACED while its call is not visible is a gap; one whose call’s data is gone is none', async () => {
    const id = await newTenant();
    const callKey = `stem:${randomUUID()}`;
    await api.db.execute(`INSERT INTO calls (tenant_id, call_key, status) VALUES ($1, $2, 'held')`, [
      id,
      callKey,
    ]);
    await makeFile(api.db, id, { name: 'ghost.wav', state: 'done', code: 'SURFACED', callKey });
    await makeFile(api.db, id, { state: 'done', code: 'SURFACED', callKey: 'stem:gone' });
    const day = await reconcile(id, '?day=2026-03-02');
    expect(day.counts).toMatchObject({ received: 2, surfaced: 1, unaccounted: 1 });
    expect(day.unaccountedFiles).toMatchObject([{ name: 'ghost.wav' }]);
  });

  test('days that were missed are caught up, and days before the tenant are not', async () => {
    const id = await newTenant({ stage: 'verification' });
    const reconciliations = createReconciliationStore(api.db);
    await at(10 * DAY);
    await sweepReconciliations({ reconciliations, log });
    const days = async () =>
      (
        await api.db.query<{ day: string }>(
          'SELECT day::text FROM daily_reconciliations WHERE tenant_id = $1 ORDER BY day',
          [id],
        )
      ).map(({ day }) => day);
    expect(await days()).toEqual([
      '2026-03-05',
      '2026-03-06',
      '2026-03-07',
      '2026-03-08',
      '2026-03-09',
      '2026-03-10',
      '2026-03-11',
    ]);
    const young = await newTenant({ stage: 'verification' });
    expect(await reconciliations.findUnreconciled(young)).toEqual({ missing: [], leftOver: [] });
  });

  test.each(['2026-02-30', 'yesterday', '0001-01-01', '20260301', ''])('%s is no day', async (day) => {
    const id = await newTenant();
    expect((await api.ask(`GET /v1/tenants/${id}/reconciliation?day=${day}`)).status).toBe(400);
  });
});

test('every tenant is looked at, however many there are', async () => {
  await at(0);
  const ids = Array.from({ length: 205 }, (_, index) => `many-${index}`);
  for (const id of ids)
    await insertTenant(api.db, { id, name: id, timeZone: 'UTC', stage: 'live', insertedBy: 'tests' });
  await at(2 * HOUR);
  await sweepAlerts({ alerts, log });
  const [row] = await api.db.query<{ late: number }>(
    `SELECT count(*) AS late FROM alerts WHERE tenant_id LIKE 'many-%' AND kind = 'FEED_LATE' AND is_open`,
  );
  expect(row?.late).toBe(205);
  const kinds = (await createAlertReader(api.db, sealer).countOpen()).find(
    ({ kind }) => kind === 'FEED_LATE',
  );
  expect(kinds?.count).toBeGreaterThanOrEqual(205);
});
