// BENCH_EVENTS (50,000) calls surface and go to a Kafka topic through the relay of feeds: cursor, outbox, calls, messages, acknowledged
// sends. The peer is a bare loop of the same producer, which sends the same messages, made beforehand, in the same sends, and
// keeps no place. Both in turn, against one mock cluster. Rates are events/s.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NewFeed } from '@callbay/contracts';
import type { CutMessage } from '@callbay/core';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { type FeedTarget, feedEvents, Relay } from '@callbay/ingestion';
import {
  applyMigrations,
  createApiStores,
  createPipelineStores,
  Database,
  insertTenant,
} from '@callbay/postgres';
import { KafkaTarget } from '@callbay/targets';
import { startKafka } from '@callbay/testkit';
import { type BenchResult, comparePairs } from './result.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 50_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const TENANT = 'bench';
const TOPIC = 'calls';
const BY = { name: 'bench', remoteAddress: null };
const SEALER = { seal: (text: string) => text, unseal: (sealed: string) => sealed };
const LOG = {
  warn: (detail: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(detail)}\n`),
  error: (detail: object, message: string) => process.stderr.write(`${message} ${JSON.stringify(detail)}\n`),
};

/** Calls with ten fields, each with its event. */
async function load(db: Database): Promise<void> {
  const fields = Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`field${n}`, `value ${n} of the call`]),
  );
  const content = {
    startedAt: '2026-03-02T10:00:00.000Z',
    endedAt: '2026-03-02T10:05:00.000Z',
    direction: 'inbound',
  };
  const more = {
    user: 'joe@example.com',
    durationSeconds: 300,
    fields,
    raw: fields,
    mappingVersion: 1,
    warnings: [],
  };
  await db.execute(
    `INSERT INTO calls (tenant_id, call_key, status, call_id, revision, started_at, direction, user_id, fields, raw,
                        mapping_version, surfaced_at, updated_at, change_seq, search_text, media)
     SELECT $1, 'stem:call-' || n, 'surfaced', n, 1, callbay_now(), 'inbound', 'joe@example.com', $3, '{}', 1, callbay_now(),
            callbay_now(), n, '', jsonb_build_object('name', 'call-' || n || '.wav') FROM generate_series(1, $2::int) AS n`,
    [TENANT, EVENTS, JSON.stringify(fields)],
  );
  await db.execute(
    `INSERT INTO outbox (tenant_id, seq, event_id, call_id, call_key, revision, type, payload, created_at)
     SELECT $1, n, gen_random_uuid(), n, 'stem:call-' || n, 1, 'call.surfaced', $3, callbay_now() FROM generate_series(1, $2::int) AS n`,
    [TENANT, EVENTS, JSON.stringify({ v: 1, changed: {}, ...content, ...more })],
  );
  await db.execute(
    `UPDATE tenant_counters SET value = $2 WHERE tenant_id = $1 AND name IN ('change', 'call')`,
    [TENANT, EVENTS],
  );
  await db.execute('ANALYZE calls, outbox');
}

export async function run(): Promise<readonly BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-bench-feed-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({ home: folder, isThrowaway: true });
  stack.defer(() => server.stop());
  const connectionString = await server.createDatabase('bench');
  const db = stack.use(new Database({ connectionString, max: 8, applicationName: 'bench' }));
  await applyMigrations(connectionString);
  await insertTenant(db, { id: TENANT, name: 'Bench', stage: 'live', timeZone: 'UTC', insertedBy: 'bench' });
  await load(db);
  const kafka = stack.use(await startKafka({ brokers: 1 }));
  await kafka.order(`topic ${TOPIC} 6`);
  const { feeds } = createApiStores(db, SEALER);
  await feeds.putFeed(
    TENANT,
    NewFeed.parse({ brokers: kafka.brokers, topic: TOPIC, tls: null, from: '2020-01-01T00:00:00Z' }),
    BY,
  );
  const target = stack.use(new KafkaTarget({ rules: { allow: ['127.0.0.0/8'] } }));
  const sends: CutMessage[][] = [];
  let isKept = true;
  const feedTarget: FeedTarget = {
    probe: (feed) => target.probe(feed),
    send: (tenantId, feed, messages) => {
      if (isKept) sends.push([...messages]);
      return target.send(tenantId, feed, messages);
    },
  };
  const stores = createPipelineStores(db, { sealer: SEALER, tombstoneKey: new Uint8Array(32) });
  const relay = stack.use(
    new Relay({
      cursors: stores.cursors,
      log: LOG,
      consumer: 'feed',
      owner: 'bench',
      slots: 1,
      work: (lease, signal) => feedEvents({ ...stores, feedTarget, log: LOG }, lease, signal),
    }),
  );

  const ours = async (): Promise<number> => {
    await db.execute('UPDATE event_cursors SET seq = 0, due_at = NULL');
    const startedMs = performance.now();
    await relay.poll();
    await relay.idle();
    const seconds = (performance.now() - startedMs) / 1000;
    const status = await feeds.readStatus(TENANT);
    if (status?.lag.events !== 0) throw new Error(`${status?.lag.events} events were not sent`);
    return EVENTS / seconds;
  };
  const address = (await feeds.findAddress(TENANT))!;
  const peer = async (): Promise<number> => {
    const startedMs = performance.now();
    for (const messages of sends) await target.send(TENANT, address, messages);
    return EVENTS / ((performance.now() - startedMs) / 1000);
  };

  // The first turn of each is not counted: it connects and compiles.
  await ours();
  isKept = false;
  await peer();
  const pairs: (readonly [number, number])[] = [];
  for (let round = 0; round < ROUNDS; round += 1) pairs.push([await ours(), await peer()]);
  return [comparePairs('feed', 'events/s (peer: a bare loop of the producer, the same messages)', pairs)];
}
