import type { Feed, NewFeed } from '@callbay/contracts';
import { CallbayError, FEED_CONSUMER, FEED_TABLE, type FeedCode } from '@callbay/core';
import type { Actor, FeedAdmin } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import type { SecretSealer } from '../access/host-keys.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { createEventCursorStore } from '../events/event-cursor-store.ts';
import {
  connectionOf,
  isSameLogin,
  passwordContext,
  type StoredFeed,
  toStored,
  unsealPassword,
} from './feed-rows.ts';

interface Row {
  readonly settings: StoredFeed;
  readonly sealed: string | null;
  readonly state: Feed['state'];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly failingSince: Date | null;
  readonly attempts: number;
  readonly lastSentAt: Date | null;
  readonly lastCode: FeedCode | null;
  readonly lastMessage: string | null;
  readonly sent: number;
  readonly reduced: number;
}

const SELECT = `
  SELECT settings, sealed, state, created_at AS "createdAt", updated_at AS "updatedAt", failing_since AS "failingSince", attempts,
         last_sent_at AS "lastSentAt", last_code AS "lastCode", last_message AS "lastMessage", sent, reduced
    FROM feeds WHERE tenant_id = $1`;

const UPSERT = `
  INSERT INTO feeds (tenant_id, settings, sealed, state, created_at, updated_at)
  VALUES ($1, $2, $3, $4, callbay_now(), callbay_now())
      ON CONFLICT (tenant_id) DO UPDATE SET settings = excluded.settings, sealed = excluded.sealed, state = excluded.state,
         updated_at = greatest(excluded.updated_at, feeds.updated_at + interval '1 millisecond'), failing_since = NULL, attempts = 0`;

/** The newest event before an instant; without an instant, the newest of all. */
const START_AT = `
  SELECT CASE WHEN $2::timestamptz IS NULL
              THEN (SELECT value FROM tenant_counters WHERE tenant_id = $1 AND name = 'change')
              ELSE coalesce((SELECT seq - 1 FROM outbox WHERE tenant_id = $1 AND created_at >= $2 ORDER BY seq LIMIT 1),
                            (SELECT value FROM tenant_counters WHERE tenant_id = $1 AND name = 'change')) END AS sequence`;

const find = async (sql: Sql, tenantId: string): Promise<Row | undefined> =>
  (await sql.query<Row>(SELECT, [tenantId]))[0];

const toFeed = ({ settings, sealed, state, createdAt, updatedAt }: Row): Feed => {
  const { startSequence: _start, sasl, events, ...shown } = settings;
  return {
    ...shown,
    brokers: [...shown.brokers],
    events: [...events],
    filter: {
      directions: shown.filter.directions && [...shown.filter.directions],
      users: shown.filter.users && [...shown.filter.users],
    },
    sasl: sasl && { ...sasl, hasPassword: sealed !== null },
    state,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
};

/** See `FeedAdmin`. */
export function createFeedAdmin(db: Database, sealer: SecretSealer): FeedAdmin {
  /** The password as it is stored: the given one, or the one before where nothing of the login changed. */
  function sealedOf(
    tenantId: string,
    feed: NewFeed,
    next: StoredFeed,
    before: Row | undefined,
  ): string | null {
    if (feed.sasl === null) return null;
    if (feed.sasl.password !== undefined) return sealer.seal(feed.sasl.password, passwordContext(tenantId));
    if (before?.sealed != null && isSameLogin(before.settings, next)) return before.sealed;
    throw new CallbayError(
      'UNPROCESSABLE',
      'sasl.password: send the password too. It is kept only while brokers, `tls` and login stay the same.',
    );
  }

  async function put(tx: Sql, tenantId: string, feed: NewFeed, by: Actor): Promise<Feed | null> {
    const tenants = await tx.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
    if (tenants.length === 0) return null;
    const before = await find(tx, tenantId);
    const [start] = await tx.query<{ sequence: number }>(START_AT, [tenantId, feed.from ?? null]);
    const startSequence = before?.settings.startSequence ?? start?.sequence ?? 0;
    const next = toStored(feed, startSequence);
    const sealed = sealedOf(tenantId, feed, next, before);
    await tx.execute(UPSERT, [tenantId, JSON.stringify(next), sealed, feed.state]);
    await createEventCursorStore(tx).start(tenantId, FEED_CONSUMER, startSequence);
    // Whoever holds the lease works by the old settings, and loses it.
    await tx.execute(
      `UPDATE event_cursors SET due_at = CASE WHEN $3 THEN NULL ELSE 'infinity'::timestamptz END, lease_id = NULL,
              lease_owner = NULL, leased_until = NULL
        WHERE tenant_id = $1 AND consumer = $2`,
      [tenantId, FEED_CONSUMER, feed.state === 'active'],
    );
    const { brokers, topic, envelope } = feed;
    const detail = {
      brokers,
      topic,
      envelope,
      state: feed.state,
      newPassword: feed.sasl?.password !== undefined,
    };
    await audit(tx, by, {
      tenantId,
      action: before === undefined ? 'feed.create' : 'feed.update',
      target: topic,
      detail,
    });
    return toFeed((await find(tx, tenantId))!);
  }

  return {
    putFeed: (tenantId, feed, by) => transact(db, (tx) => put(tx, tenantId, feed, by)),

    async findFeed(tenantId) {
      const row = await find(db, tenantId);
      return row === undefined ? null : toFeed(row);
    },

    async findAddress(tenantId) {
      const row = await find(db, tenantId);
      if (row === undefined) return null;
      return {
        connection: connectionOf(row.settings),
        password: unsealPassword(sealer, tenantId, row.sealed),
        version: row.updatedAt.toISOString(),
      };
    },

    deleteFeed: (tenantId, by) =>
      transact(db, async (tx) => {
        const gone = await tx.execute('DELETE FROM feeds WHERE tenant_id = $1', [tenantId]);
        if (gone === 0) return false;
        await createEventCursorStore(tx).stop(tenantId, FEED_CONSUMER);
        await audit(tx, by, { tenantId, action: 'feed.delete', target: tenantId });
        return true;
      }),

    async readStatus(tenantId) {
      const row = await find(db, tenantId);
      const lag = await createEventCursorStore(db).readLag(tenantId, FEED_CONSUMER);
      if (row === undefined || lag === null) return null;
      const { state, sent, reduced, lastSentAt, failingSince, attempts, lastCode, lastMessage } = row;
      return {
        state,
        lag: { events: lag.events, since: lag.since?.toISOString() ?? null },
        missed: lag.missed,
        sent,
        reduced,
        replaying: lag.replay !== null,
        lastSentAt: lastSentAt?.toISOString() ?? null,
        failing:
          failingSince === null || lastCode === null
            ? null
            : {
                since: failingSince.toISOString(),
                attempts,
                code: lastCode,
                message: lastMessage ?? '',
                fix: FEED_TABLE[lastCode].fix,
                nextAttemptAt: lag.nextAttemptAt?.toISOString() ?? null,
              },
      };
    },

    replayFeed: (tenantId, { from, to }, by) =>
      transact(db, async (tx) => {
        const span = { from: new Date(from), to: to === undefined ? null : new Date(to) };
        const events = await createEventCursorStore(tx).replay(tenantId, FEED_CONSUMER, span);
        if (events === null) return null;
        await audit(tx, by, {
          tenantId,
          action: 'feed.replay',
          target: tenantId,
          detail: { from, to, events },
        });
        return events;
      }),
  };
}
