import { callDeleted, payloadOf } from '@callbay/core';
import { sweepAlerts } from '@callbay/ingestion';
import {
  createTestDatabase,
  makeTenant,
  type TestClock,
  type TestDatabase,
  testClock,
} from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAlertStore, createEventCursorStore, createSweepStore } from '../src/index.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const START = '2026-03-02T12:00:00.000Z';

let database: TestDatabase;
let clock: TestClock;
let tenantId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  clock = await testClock(database.db);
});
beforeEach(async () => {
  await clock.set(START);
  await database.db.execute('DELETE FROM outbox');
  await database.db.execute('DELETE FROM tenants');
  tenantId = await makeTenant(database.db);
});
afterAll(() => database.drop());

const cursors = () => createEventCursorStore(database.db);
const trim = (limit = 100) => createSweepStore(database.db).trimEvents(null, limit);
const judge = () =>
  sweepAlerts({
    alerts: createAlertStore(database.db),
    log: { warn: () => {}, error: (context) => expect.fail(JSON.stringify(context)) },
  });

async function happen(of: string, count: number): Promise<void> {
  await database.db.execute(
    `WITH taken AS (
       UPDATE tenant_counters SET value = value + $2 WHERE tenant_id = $1 AND name = 'change' RETURNING value - $2 AS base
     )
     INSERT INTO outbox (tenant_id, seq, event_id, call_id, call_key, revision, type, payload, created_at)
     SELECT $1, base + n, gen_random_uuid(), base + n, 'deleted:' || base + n, 1, 'call.deleted', $3, callbay_now()
       FROM taken, generate_series(1, $2::int) AS n`,
    [of, count, JSON.stringify(payloadOf(callDeleted(1)))],
  );
}

/** Alerts that open meanwhile have events of their own. */
const keptOf = async (of = tenantId): Promise<number[]> =>
  (
    await database.db.query<{ seq: number }>(
      `SELECT seq FROM outbox WHERE tenant_id = $1 AND type = 'call.deleted' ORDER BY seq`,
      [of],
    )
  ).map(({ seq }) => seq);

const missedOf = async (consumer: string): Promise<number | undefined> =>
  (
    await database.db.query<{ missed: number }>(
      'SELECT missed FROM event_cursors WHERE tenant_id = $1 AND consumer = $2',
      [tenantId, consumer],
    )
  )[0]?.missed;

/** The consumer is done with the events up to a sequence. */
async function readUpTo(consumer: string, sequence: number): Promise<void> {
  const [lease] = await cursors().claim(consumer, 1, 'p1');
  await cursors().advance(tenantId, consumer, lease!.leaseId, sequence);
  await cursors().release(tenantId, consumer, lease!.leaseId);
}

const stallsOpen = () =>
  database.db.query<{ subject: string; message: string }>(
    `SELECT subject, message FROM alerts WHERE tenant_id = $1 AND kind = 'FEED_STALLED' AND is_open ORDER BY subject`,
    [tenantId],
  );

test('events are removed when they are older than 30 days, and no millisecond before', async () => {
  await happen(tenantId, 2);
  await clock.advance(30 * DAY_MS);
  expect(await trim()).toBe(0);
  await clock.advance(1);
  expect(await trim(1)).toBe(1);
  expect(await trim()).toBe(1);
  expect(await keptOf()).toEqual([]);
});

test('what a consumer has not read stays for as long as nobody was alerted; what all have read goes', async () => {
  for (const consumer of ['feed', 'webhooks']) await cursors().start(tenantId, consumer, null);
  await happen(tenantId, 3);
  await readUpTo('feed', 3);
  await readUpTo('webhooks', 1);
  const other = await makeTenant(database.db);
  await happen(other, 2);
  await clock.advance(40 * DAY_MS);
  expect(await trim()).toBe(3);
  expect(await keptOf()).toEqual([2, 3]);
  expect(await keptOf(other)).toEqual([]);
  expect(await missedOf('webhooks')).toBe(0);
});

test('unread events that stay do not keep younger ones of other tenants from being removed', async () => {
  await cursors().start(tenantId, 'feed', null);
  await happen(tenantId, 5);
  await clock.advance(1);
  const other = await makeTenant(database.db);
  await happen(other, 1);
  await clock.advance(31 * DAY_MS);
  expect(await trim(2)).toBe(1);
  expect(await keptOf()).toHaveLength(5);
});

test('a stalled consumer is alerted to after an hour; then its old events go, and the alert says how many', async () => {
  await cursors().start(tenantId, 'feed', null);
  await happen(tenantId, 3);
  await clock.advance(31 * DAY_MS);
  await happen(tenantId, 1);
  await judge();
  expect(await stallsOpen()).toMatchObject([{ subject: 'feed' }]);
  expect(await trim()).toBe(3);
  expect(await missedOf('feed')).toBe(3);
  expect(await keptOf()).toEqual([4]);
  await clock.advance(DAY_MS);
  await judge();
  expect((await stallsOpen())[0]?.message).toContain('3 older events were removed unread.');
  // The alerts have events too.
  const [newest] = await database.db.query<{ seq: number }>(
    'SELECT max(seq) AS seq FROM outbox WHERE tenant_id = $1',
    [tenantId],
  );
  await readUpTo('feed', newest!.seq);
  await judge();
  expect(await stallsOpen()).toEqual([]);
});

test('events that a consumer reads just now are never removed', async () => {
  await cursors().start(tenantId, 'feed', null);
  await happen(tenantId, 2);
  await clock.advance(31 * DAY_MS);
  await judge();
  const [lease] = await cursors().claim('feed', 1, 'p1');
  expect(await trim()).toBe(0);
  expect(await cursors().advance(tenantId, 'feed', lease!.leaseId, 2)).toBe(true);
  expect(await trim()).toBe(2);
  expect(await missedOf('feed')).toBe(0);
});

test('a process that stopped in the middle of reading loses its lease to the removal', async () => {
  await cursors().start(tenantId, 'feed', null);
  await happen(tenantId, 2);
  await clock.advance(31 * DAY_MS);
  await judge();
  const [lease] = await cursors().claim('feed', 1, 'p1');
  await clock.advance(60_000);
  expect(await trim()).toBe(2);
  expect(await missedOf('feed')).toBe(2);
  expect(await cursors().advance(tenantId, 'feed', lease!.leaseId, 2)).toBe(false);
  await happen(tenantId, 1);
  const [next] = await cursors().claim('feed', 1, 'p2');
  expect(
    (await cursors().read(tenantId, next!.sequence, { limit: 9, bytes: 1e6 })).map((e) => e.type),
  ).toEqual(['alert.opened', 'alert.opened', 'call.deleted']);
});
