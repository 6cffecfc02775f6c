import { callDeleted, payloadOf } from '@callbay/core';
import type { EventCursorStore, EventLease } from '@callbay/ingestion';
import {
  createTestDatabase,
  makeTenant,
  type TestClock,
  type TestDatabase,
  testClock,
} from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createEventCursorStore, openDatabase, transact } from '../src/index.ts';

const LEASE_MS = 60_000;
const PAGE = { limit: 100, bytes: 1024 * 1024 };

let database: TestDatabase;
let clock: TestClock;
let cursors: EventCursorStore;

beforeAll(async () => {
  database = await createTestDatabase();
  clock = await testClock(database.db);
  cursors = createEventCursorStore(database.db);
});
beforeEach(async () => {
  await database.db.execute('DELETE FROM event_cursors');
  await clock.set('2026-03-02T12:00:00Z');
});
afterAll(() => database.drop());

/** The tenant's next events, all of deleted calls; `note` makes each so many bytes larger. */
async function happen(tenantId: string, count: number, noteBytes = 0): Promise<void> {
  const payload = { ...payloadOf(callDeleted(1)), note: 'x'.repeat(noteBytes) };
  await database.db.execute(
    `WITH taken AS (
       UPDATE tenant_counters SET value = value + $2 WHERE tenant_id = $1 AND name = 'change' RETURNING value - $2 AS base
     )
     INSERT INTO outbox (tenant_id, seq, event_id, call_id, call_key, revision, type, payload, created_at)
     SELECT $1, base + n, gen_random_uuid(), base + n, 'deleted:' || base + n, 1, 'call.deleted', $3, callbay_now()
       FROM taken, generate_series(1, $2::int) AS n`,
    [tenantId, count, JSON.stringify(payload)],
  );
}

/** A tenant whose events `feed` reads, `count` of them unread. */
async function tenantWith(count: number, consumer = 'feed'): Promise<string> {
  const tenantId = await makeTenant(database.db);
  await cursors.start(tenantId, consumer, null);
  if (count > 0) await happen(tenantId, count);
  return tenantId;
}

const claimOne = async (owner = 'p1'): Promise<EventLease> => {
  const [lease] = await cursors.claim('feed', 1, owner);
  if (lease === undefined) throw new Error('there was nothing to claim');
  return lease;
};

const sequencesOf = async (tenantId: string, after: number, page = PAGE): Promise<number[]> =>
  (await cursors.read(tenantId, after, page)).map(({ sequence }) => sequence);

const advance = ({ tenantId, consumer, leaseId }: EventLease, sequence: number): Promise<boolean> =>
  cursors.advance(tenantId, consumer, leaseId, sequence);

test('a consumer starts from now on, or after an event, and keeps the cursor that it has', async () => {
  const tenantId = await makeTenant(database.db);
  await happen(tenantId, 5);
  expect(await cursors.start(tenantId, 'feed', null)).toBe(5);
  expect(await cursors.start(tenantId, 'feed', 0)).toBe(5);
  expect(await cursors.start(tenantId, 'webhooks', 2)).toBe(2);
  expect(await cursors.start(tenantId, 'early', 99)).toBe(5);
  expect(await cursors.start('nobody', 'feed', null)).toBeNull();
});

test('a claim leases tenants with unread events only, the one that waited longest first', async () => {
  const [quiet, first, second] = [await tenantWith(0), await tenantWith(1), await tenantWith(1)];
  await clock.advance(1);
  const third = await tenantWith(1);
  const claimed = await cursors.claim('feed', 2, 'p1');
  expect(claimed.map(({ tenantId }) => tenantId).sort()).toEqual([first, second].sort());
  expect((await cursors.claim('feed', 10, 'p2')).map(({ tenantId }) => tenantId)).toEqual([third]);
  await happen(quiet, 1);
  expect(await claimOne()).toMatchObject({ tenantId: quiet, consumer: 'feed', sequence: 0 });
});

test('a busy tenant does not keep others waiting', async () => {
  const [busy, other] = [await tenantWith(10), await tenantWith(0)];
  await clock.advance(1);
  const lease = await claimOne();
  await advance(lease, 1);
  await cursors.release(busy, 'feed', lease.leaseId);
  await happen(other, 1);
  expect((await claimOne()).tenantId).toBe(other);
});

test('many processes at once read every event once and in order, and no two of them one tenant at a time', async () => {
  const tenants = await Promise.all(Array.from({ length: 12 }, () => tenantWith(40)));
  const processes = Array.from({ length: 4 }, () =>
    openDatabase({
      connectionString: database.connectionString,
      max: 2,
      applicationName: 'callbay-test-consumer',
    }),
  );
  const read = new Map(tenants.map((tenantId) => [tenantId, [] as number[]]));
  const held = new Set<string>();
  let left = tenants.length * 40;
  const consume = async (store: EventCursorStore, owner: string): Promise<void> => {
    while (left > 0) {
      for (const lease of await store.claim('feed', 2, owner)) {
        const { tenantId, consumer, leaseId, sequence } = lease;
        expect(held.has(tenantId)).toBe(false);
        held.add(tenantId);
        const events = await store.read(tenantId, sequence, { limit: 7, bytes: PAGE.bytes });
        read.get(tenantId)?.push(...events.map((event) => event.sequence));
        left -= events.length;
        expect(await store.advance(tenantId, consumer, leaseId, events.at(-1)!.sequence)).toBe(true);
        held.delete(tenantId);
        await store.release(tenantId, consumer, leaseId);
      }
    }
  };
  await Promise.all(processes.map((db, n) => consume(createEventCursorStore(db), `p${n}`)));
  for (const sequences of read.values())
    expect(sequences).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  for (const db of processes) await db.close();
});

test('claims at the same moment lease every tenant once', async () => {
  const db = openDatabase({
    connectionString: database.connectionString,
    max: 10,
    applicationName: 'callbay-test-consumers',
  });
  const store = createEventCursorStore(db);
  await Promise.all(Array.from({ length: 30 }, () => tenantWith(1)));
  for (let round = 0; round < 5; round += 1) {
    const claimed = await Promise.all(Array.from({ length: 10 }, (_, n) => store.claim('feed', 30, `p${n}`)));
    const tenants = claimed.flat().map(({ tenantId }) => tenantId);
    expect(new Set(tenants).size).toBe(tenants.length);
    await clock.advance(LEASE_MS);
  }
  await db.close();
});

test('a lease can be taken from the millisecond on which it expires, and its old holder can do nothing more', async () => {
  const tenantId = await tenantWith(3);
  const lost = await claimOne('p1');
  await clock.advance(LEASE_MS - 1);
  expect(await cursors.claim('feed', 1, 'p2')).toEqual([]);
  await clock.advance(1);
  const taken = await claimOne('p2');
  expect(taken).toMatchObject({ tenantId, sequence: 0 });
  expect(await advance(lost, 3)).toBe(false);
  await cursors.release(tenantId, 'feed', lost.leaseId);
  expect(await cursors.claim('feed', 1, 'p3')).toEqual([]);
  expect(await advance(taken, 2)).toBe(true);
});

test('an expired lease that nobody took still advances: no other process reads', async () => {
  await tenantWith(3);
  const lease = await claimOne();
  await clock.advance(LEASE_MS);
  expect(await advance(lease, 1)).toBe(true);
  expect(await cursors.claim('feed', 1, 'p2')).toEqual([]);
});

test('an advance renews the lease, also one to the same event', async () => {
  await tenantWith(3);
  const lease = await claimOne();
  for (const sequence of [1, 1, 2]) {
    await clock.advance(LEASE_MS - 1);
    expect(await advance(lease, sequence)).toBe(true);
  }
  expect(await cursors.claim('feed', 1, 'p2')).toEqual([]);
});

test('a process that dies between reading and advancing leaves its events to the next one', async () => {
  const tenantId = await tenantWith(4);
  const first = await claimOne('p1');
  expect(await advance(first, 1)).toBe(true);
  expect(await sequencesOf(tenantId, 1)).toEqual([2, 3, 4]);
  await clock.advance(LEASE_MS);
  const second = await claimOne('p2');
  expect(await sequencesOf(tenantId, second.sequence)).toEqual([2, 3, 4]);
});

test('a cursor moves neither backwards nor beyond the newest event', async () => {
  await tenantWith(3);
  const lease = await claimOne();
  expect(await advance(lease, 2)).toBe(true);
  await expect(advance(lease, 1)).rejects.toThrow(RangeError);
  await expect(advance(lease, 4)).rejects.toThrow(RangeError);
  expect(await advance(lease, 3)).toBe(true);
});

test('a released cursor is free at once', async () => {
  const tenantId = await tenantWith(3);
  const lease = await claimOne('p1');
  await cursors.release(tenantId, 'feed', lease.leaseId);
  expect(await advance(lease, 1)).toBe(false);
  expect(await claimOne('p2')).toMatchObject({ tenantId, sequence: 0 });
});

test('every consumer has a cursor of its own', async () => {
  const tenantId = await tenantWith(2);
  await cursors.start(tenantId, 'webhooks', 0);
  expect(await advance(await claimOne(), 2)).toBe(true);
  const [other] = await cursors.claim('webhooks', 1, 'p1');
  expect(other).toMatchObject({ tenantId, consumer: 'webhooks', sequence: 0 });
  expect(await cursors.stop(tenantId, 'webhooks')).toBe(true);
  expect(await advance(other!, 1)).toBe(false);
  expect(await cursors.stop(tenantId, 'webhooks')).toBe(false);
});

test('a lease of one tenant does nothing to another, and no tenant reads the events of another', async () => {
  const [acme, acme2] = [await tenantWith(2), await tenantWith(2)];
  const leases = await cursors.claim('feed', 2, 'p1');
  const own = leases.find(({ tenantId }) => tenantId === acme)!;
  const other = leases.find(({ tenantId }) => tenantId === acme2)!;
  expect(await cursors.advance(acme2, 'feed', own.leaseId, 2)).toBe(false);
  await cursors.release(acme2, 'feed', own.leaseId);
  expect(await cursors.stop(acme, 'feed')).toBe(true);
  expect(await advance(other, 1)).toBe(true);
  const events = await cursors.read(acme, 0, PAGE);
  expect(new Set(events.map(({ tenantId }) => tenantId))).toEqual(new Set([acme]));
});

test('a read is bounded in events and in bytes, but for its first event', async () => {
  const tenantId = await makeTenant(database.db);
  await happen(tenantId, 2, 500);
  await happen(tenantId, 1, 5000);
  await happen(tenantId, 2, 500);
  expect(await sequencesOf(tenantId, 0, { limit: 2, bytes: 1e6 })).toEqual([1, 2]);
  expect(await sequencesOf(tenantId, 0, { limit: 9, bytes: 1200 })).toEqual([1, 2]);
  expect(await sequencesOf(tenantId, 2, { limit: 9, bytes: 1200 })).toEqual([3]);
  expect(await sequencesOf(tenantId, 3, { limit: 9, bytes: 1200 })).toEqual([4, 5]);
  expect(await sequencesOf(tenantId, 5)).toEqual([]);
});

test('a claim for 1,000 tenants without unread events is one look at an index for each, and writes nothing', async () => {
  await using own = await createTestDatabase();
  await own.db.execute(
    `INSERT INTO tenants (id, name, stage, settings, created_at, updated_at)
     SELECT 't' || n, 'T', 'live', '{}', callbay_now(), callbay_now() FROM generate_series(1, 1000) AS n`,
  );
  await own.db.execute(
    `INSERT INTO outbox (tenant_id, seq, event_id, call_key, revision, type, payload, created_at)
     SELECT 't' || n, seq, gen_random_uuid(), 'k' || seq, 1, 'call.updated', '{}', callbay_now()
       FROM generate_series(1, 1000) AS n, generate_series(1, 50) AS seq`,
  );
  await own.db.execute(
    `INSERT INTO event_cursors (tenant_id, consumer, seq, served_at)
     SELECT id, consumer, 50, callbay_now() FROM tenants, unnest(ARRAY['feed', 'webhooks']) AS consumer`,
  );
  await own.db.execute('VACUUM ANALYZE outbox, event_cursors');
  const scans = await transact(own.db, async (tx) => {
    expect(await createEventCursorStore(tx).claim('feed', 100, 'p1')).toEqual([]);
    return tx.query(
      `SELECT relname AS name, seq_scan > 0 AS "readsAll", idx_tup_fetch AS rows, n_tup_upd AS writes
         FROM pg_stat_xact_user_tables WHERE relname = 'outbox'`,
    );
  });
  expect(scans).toEqual([{ name: 'outbox', readsAll: false, rows: 0, writes: 0 }]);
});
