import { randomUUID } from 'node:crypto';
import { NewFeed } from '@callbay/contracts';
import { type CallEventData, callAnalyzed, FEED_CONSUMER } from '@callbay/core';
import { type EventCursorStore, type FeedAdmin, feedEvents, Relay } from '@callbay/ingestion';
import {
  createApiStores,
  createPipelineStores,
  type Database,
  publishEvents,
  transact,
} from '@callbay/postgres';
import { KafkaTarget } from '@callbay/targets';
import type { ConsumedMessage } from '@callbay/testkit';

export const BY = { name: 'test', remoteAddress: null };
const PLAIN = { seal: (text: string) => text, unseal: (sealed: string) => sealed };

export interface TestFeeds extends AsyncDisposable {
  readonly admin: FeedAdmin;
  readonly target: KafkaTarget;
  /** Sends what is due and returns when nothing is under way. */
  run(): Promise<void>;
  /** Another relay, as of another process; `cursors` may break what the stores do. */
  another(cursors?: Partial<EventCursorStore>): Relay;
}

const quiet = { warn: () => {}, error: () => {} };

/** The relay of feeds in this process. */
export function openFeeds(db: Database, sendMs = 10_000): TestFeeds {
  const stores = createPipelineStores(db, { sealer: PLAIN, tombstoneKey: new Uint8Array(32) });
  const target = new KafkaTarget({ rules: { allow: ['127.0.0.0/8'] }, sendMs });
  const another = (changes: Partial<EventCursorStore> = {}) => {
    const cursors = { ...stores.cursors, ...changes };
    const deps = { ...stores, cursors, feedTarget: target, log: quiet };
    return new Relay({
      cursors,
      log: quiet,
      consumer: FEED_CONSUMER,
      owner: randomUUID(),
      slots: 4,
      work: (lease, signal) => feedEvents(deps, lease, signal),
    });
  };
  const relay = another();
  return {
    admin: createApiStores(db, PLAIN).feeds,
    target,
    another,
    run: async () => {
      await relay.poll();
      await relay.idle();
    },
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

/** The settings of a feed without encryption, as the API would read them. */
export const feedOf = (brokers: readonly string[], topic: string, more: object = {}): NewFeed =>
  NewFeed.parse({ brokers, topic, tls: null, ...more });

/** So many calls surface, as the pipeline would let them; returns their numbers. */
export async function surface(
  db: Database,
  tenantId: string,
  count: number,
  fields: CallEventData['fields'] = {},
): Promise<number[]> {
  const rows = await db.query<{ callId: number; callKey: string }>(
    `WITH id AS (
       UPDATE tenant_counters SET value = value + $2 WHERE tenant_id = $1 AND name = 'call' RETURNING value - $2 AS base
     )
     INSERT INTO calls (tenant_id, call_key, status, call_id, revision, started_at, direction, user_id, fields, raw,
                        mapping_version, surfaced_at, updated_at, change_seq, search_text, media)
     SELECT $1, 'stem:call-' || base + n, 'surfaced', base + n, 1, callbay_now(), 'inbound', 'joe', $3, '{}', 1, callbay_now(),
            callbay_now(), base + n, '', jsonb_build_object('name', 'call-' || base + n || '.wav')
       FROM id, generate_series(1, $2::int) AS n
     RETURNING call_id AS "callId", call_key AS "callKey"`,
    [tenantId, count, JSON.stringify(fields)],
  );
  const data: CallEventData = {
    changed: {},
    startedAt: '2026-03-02T10:00:00.000Z',
    endedAt: null,
    direction: 'inbound',
    user: 'joe',
    durationSeconds: null,
    fields,
    raw: {},
    mappingVersion: 1,
    warnings: [],
  };
  const events = rows.map((row) => ({ ...row, revision: 1, type: 'call.surfaced' as const, data }));
  await transact(db, async (tx) => void (await publishEvents(tx, tenantId, events)));
  return rows.map(({ callId }) => callId);
}

/** Each of the calls is analyzed, with a transcript of so many words. */
export async function analyze(
  db: Database,
  tenantId: string,
  callIds: readonly number[],
  words = 2,
): Promise<void> {
  const Text = Array.from({ length: words }, () => 'word').join(' ');
  const Times = Array.from({ length: words }, (_, n) => `${n * 10} ${n * 10 + 5}`).join(';');
  const body = { Transcripts: [{ Channel: 1, Text, Times, StartTime: 0, EndTime: words * 10 }] };
  await db.execute(
    `INSERT INTO call_analyses (tenant_id, call_key, version, analyzed_at, digest, body, channel_map, warnings)
     SELECT tenant_id, call_key, 1, callbay_now(), '', $3, '{"rep": "left"}', '[]' FROM calls
      WHERE tenant_id = $1 AND call_id = ANY($2)`,
    [tenantId, callIds, JSON.stringify(body)],
  );
  const data = {
    analysisVersion: 1,
    segments: 1,
    agentTensionRatio: 0,
    agentMonotonicityRatio: 72,
    customerTensionRatio: 8,
    averageCustomerSentimentScore: 65,
    averageAgentSentimentScore: 78,
    aiInsights: null,
  };
  const events = callIds.map((callId) => ({ ...callAnalyzed(`stem:call-${callId}`, 1, data), callId }));
  await transact(db, async (tx) => void (await publishEvents(tx, tenantId, events)));
}

/** What a consumer that forgets repeated event ids sees of each key, in order. */
export function readByKey(messages: readonly ConsumedMessage[]): Map<string, string[]> {
  const seen = new Set<string>();
  const byKey = new Map<string, string[]>();
  for (const { key, headers } of messages) {
    const { eventId = '', eventType = '' } = headers;
    if (seen.has(eventId)) continue;
    seen.add(eventId);
    byKey.set(key, [...(byKey.get(key) ?? []), eventType]);
  }
  return byKey;
}
