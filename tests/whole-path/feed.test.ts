import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EVENT_TYPES } from '@callbay/core';
import { FeedError, sweepAlerts } from '@callbay/ingestion';
import {
  makeTenant,
  type RunningCallbay,
  startCallbay,
  startKafka,
  type TestKafka,
  until,
  whyNoKafka,
} from '@callbay/testkit';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { analyze, BY, feedOf, openFeeds, readByKey, surface, type TestFeeds } from './feed-support.ts';
import { happen } from './webhook-support.ts';

const HOUR_MS = 60 * 60 * 1000;
const missing = whyNoKafka();
if (missing !== null) process.stderr.write(`the tests of the Kafka feed are skipped: ${missing}\n`);

/** Protocol errors of Produce after which another attempt may succeed. */
const RETRIABLE = {
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  REQUEST_TIMED_OUT: 7,
  NETWORK_EXCEPTION: 13,
  NOT_ENOUGH_REPLICAS: 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  KAFKA_STORAGE_ERROR: 56,
  FENCED_LEADER_EPOCH: 74,
  UNKNOWN_LEADER_EPOCH: 75,
} as const;

describe.skipIf(missing !== null)('the Kafka feed', () => {
  let callbay: RunningCallbay;
  let kafka: TestKafka;
  let feeds: TestFeeds;
  let tenantId: string;
  let topic: string;

  beforeAll(async () => {
    callbay = await startCallbay({ isIdle: true });
    kafka = await startKafka();
    feeds = openFeeds(callbay.db);
  });
  beforeEach(async () => {
    await callbay.clock.set('2026-03-02T12:00:00Z');
    await callbay.db.execute('DELETE FROM event_cursors');
    tenantId = await makeTenant(callbay.db);
    topic = `calls-${randomUUID()}`;
    await kafka.order(`topic ${topic} 6`);
  });
  afterEach(async () => {
    for (const broker of [1, 2, 3]) await kafka.order(`up ${broker}`);
    await kafka.order('heal 0');
  });
  afterAll(async () => {
    await feeds?.[Symbol.asyncDispose]();
    await kafka?.[Symbol.asyncDispose]();
    await callbay?.[Symbol.asyncDispose]();
  });

  const start = (more: object = {}) => feeds.admin.putFeed(tenantId, feedOf(kafka.brokers, topic, more), BY);
  const status = async () => (await feeds.admin.readStatus(tenantId))!;
  /** Moves the clock over pauses until everything is sent. */
  const sendAll = async (): Promise<void> => {
    await until(
      'everything is sent',
      async () => {
        await feeds.run();
        await callbay.clock.advance(60_000);
        return (await status()).lag.events === 0;
      },
      120_000,
    );
  };
  test('bodies of both envelopes are as the published JSON Schema says', async () => {
    const schema = JSON.parse(
      await readFile(join(import.meta.dirname, '../../docs/kafka-events.schema.json'), 'utf8'),
    );
    const isValid = new Ajv2020({ strict: true, validateFormats: false, allowUnionTypes: true }).compile(
      schema,
    );
    for (const envelope of ['strict', 'extended']) {
      const events = envelope === 'strict' ? undefined : [...EVENT_TYPES];
      await start({ envelope, events });
      const ids = await surface(callbay.db, tenantId, 2, { note: 'a', callerNumber: '+15551234567' });
      await callbay.db.execute('DELETE FROM call_analyses WHERE tenant_id = $1', [tenantId]);
      await analyze(callbay.db, tenantId, ids);
      await happen(callbay, tenantId, 1);
      await happen(callbay, tenantId, 1, 'alert.opened');
      await feeds.run();
    }
    const bodies = (await kafka.consume(topic)).map(({ payload }) => JSON.parse(payload));
    expect(new Set(bodies.map(({ eventType }) => eventType)).size).toBe(4);
    for (const body of bodies)
      expect([isValid(body), isValid.errors], JSON.stringify(body)).toEqual([true, null]);
    expect(isValid({ ...bodies[0], extra: 1 })).toBe(false);
  });

  const CREATED_ANALYZED = ['call.surfaced', 'call.analyzed'];

  test('calls and analyses arrive in the topic, strict, with headers, created before analyzed', async () => {
    await start({ departmentId: 3, directionIds: { inbound: 1285 } });
    const ids = await surface(callbay.db, tenantId, 50);
    await analyze(callbay.db, tenantId, ids);
    await feeds.run();
    const messages = await kafka.consume(topic);
    expect(messages).toHaveLength(100);
    const byKey = readByKey(messages);
    expect([...byKey.keys()].sort()).toEqual(ids.map((id) => `call-${id}.wav`).sort());
    for (const types of byKey.values()) expect(types).toEqual(CREATED_ANALYZED);
    expect(new Set(messages.map(({ partition }) => partition)).size).toBeGreaterThan(3);
    const first = messages.find(({ key }) => key === 'call-1.wav')!;
    expect(JSON.parse(first.payload)).toMatchObject({
      eventType: 'ConversationCreatedForDataFeeder',
      payload: { Conversation: { ConversationId: 1, DepartmentId: 3, Call: { DirectionId: 1285 } } },
    });
    expect(first.headers).toMatchObject({ tenantId, eventType: 'call.surfaced', revision: '1' });
    expect(await status()).toMatchObject({ sent: 100, lag: { events: 0 }, failing: null });
  });

  test('an analysis of a call that surfaced before the feed began comes after its creation', async () => {
    const ids = await surface(callbay.db, tenantId, 3);
    await start();
    await analyze(callbay.db, tenantId, ids);
    await feeds.run();
    for (const types of readByKey(await kafka.consume(topic)).values())
      expect(types).toEqual(CREATED_ANALYZED);
  });

  test('a feed may begin in the past, and sends what its filter lets through', async () => {
    await surface(callbay.db, tenantId, 3);
    await start({ from: '2026-03-01T00:00:00Z' });
    await feeds.run();
    expect(await kafka.consume(topic)).toHaveLength(3);
    await start({ filter: { directions: ['outbound'] } });
    await surface(callbay.db, tenantId, 3);
    await feeds.run();
    expect(await kafka.consume(topic)).toHaveLength(3);
    expect((await status()).lag.events).toBe(0);
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'messages compressed by %s are read back',
    async (compression) => {
      await start({ compression });
      await surface(callbay.db, tenantId, 20, { note: 'x'.repeat(500) });
      await feeds.run();
      expect(await kafka.consume(topic)).toHaveLength(20);
    },
  );

  test.each(Object.entries(RETRIABLE))(
    'brokers that answer %s get every event again, in order',
    async (name, code) => {
      await start();
      const ids = await surface(callbay.db, tenantId, 30);
      await analyze(callbay.db, tenantId, ids);
      // More than the library tries by itself: each send has up to three brokers and three attempts.
      await kafka.order(`fail 0 40 ${code}`);
      await feeds.run();
      expect((await status()).failing?.message).toContain(name);
      await sendAll();
      const byKey = readByKey(await kafka.consume(topic));
      expect(byKey.size).toBe(30);
      for (const types of byKey.values()) expect(types).toEqual(CREATED_ANALYZED);
    },
    120_000,
  );

  test('leaders that move while events are sent lose none and change no order', async () => {
    await start();
    for (let round = 0; round < 9; round += 1) {
      const ids = await surface(callbay.db, tenantId, 20);
      await analyze(callbay.db, tenantId, ids);
      const sending = feeds.run();
      for (let partition = 0; partition < 6; partition += 1)
        await kafka.order(`leader ${topic} ${partition} ${1 + ((round + partition) % 3)}`);
      await sending;
    }
    await sendAll();
    const byKey = readByKey(await kafka.consume(topic));
    expect(byKey.size).toBe(180);
    for (const types of byKey.values()) expect(types).toEqual(CREATED_ANALYZED);
  }, 120_000);

  test('case 123: brokers that are away for a day hold up nothing else, and all is sent in order after', async () => {
    const other = await makeTenant(callbay.db);
    const otherTopic = `calls-${randomUUID()}`;
    await using apart = await startKafka({ brokers: 1 });
    await apart.order(`topic ${otherTopic} 1`);
    await start();
    await feeds.admin.putFeed(other, feedOf(apart.brokers, otherTopic), BY);
    for (const broker of [1, 2, 3]) await kafka.order(`down ${broker}`);
    const ids = await surface(callbay.db, tenantId, 40);
    for (let hours = 0; hours < 24; hours += 6) {
      await surface(callbay.db, other, 1);
      await feeds.run();
      await callbay.clock.advance(6 * HOUR_MS);
    }
    await feeds.run();
    expect(await apart.consume(otherTopic)).toHaveLength(4);
    expect(await status()).toMatchObject({ lag: { events: 40 }, failing: { code: 'FEED_UNREACHABLE' } });
    await sweepAlerts(callbay.deps);
    const alerts = await callbay.db.query(
      `SELECT subject FROM alerts WHERE tenant_id = $1 AND kind = 'FEED_STALLED' AND is_open`,
      [tenantId],
    );
    expect(alerts).toEqual([{ subject: 'feed' }]);
    for (const broker of [1, 2, 3]) await kafka.order(`up ${broker}`);
    await analyze(callbay.db, tenantId, ids);
    await sendAll();
    for (const types of readByKey(await kafka.consume(topic)).values())
      expect(types).toEqual(CREATED_ANALYZED);
    expect((await status()).failing).toBeNull();
  }, 180_000);

  test('over 20 kills of the relay, each before its place is kept, every event arrives in order', async () => {
    await start();
    const ids = await surface(callbay.db, tenantId, 200);
    await analyze(callbay.db, tenantId, ids);
    for (let kill = 0; kill < 20; kill += 1) {
      // The messages are out, and the process is gone before the cursor moves: its lease runs out.
      const killed = feeds.another({
        advance: async () => {
          throw new Error('killed');
        },
        release: async () => {
          throw new Error('killed');
        },
      });
      await killed.poll();
      await killed.idle();
      await callbay.clock.advance(60_000);
      if (kill % 4 === 3) await surface(callbay.db, tenantId, 5);
    }
    expect((await status()).lag.events).toBe(425);
    await sendAll();
    const messages = await kafka.consume(topic);
    expect(messages.length).toBeGreaterThan(425);
    const byKey = readByKey(messages);
    expect(byKey.size).toBe(225);
    for (const id of ids) expect(byKey.get(`call-${id}.wav`)).toEqual(CREATED_ANALYZED);
  }, 180_000);

  test('a transcript that is too large goes out without the times of its words, and an alert says so', async () => {
    await start({ maxMessageBytes: 20_000 });
    const ids = await surface(callbay.db, tenantId, 2);
    await analyze(callbay.db, tenantId, ids, 2_000);
    await feeds.run();
    const sent = (await kafka.consume(topic)).filter(({ headers }) => headers.eventType === 'call.analyzed');
    expect(sent.map(({ headers }) => headers.truncated)).toEqual(['times', 'times']);
    await sweepAlerts(callbay.deps);
    const [alert] = await callbay.db.query<{ message: string }>(
      `SELECT message FROM alerts WHERE tenant_id = $1 AND kind = 'FEED_REDUCED' AND is_open`,
      [tenantId],
    );
    expect(alert!.message).toContain('2 so far');
    expect(await status()).toMatchObject({ reduced: 2, failing: null });
  });

  test('a broker that takes less than it was said to does not stop the feed', async () => {
    await start();
    const ids = await surface(callbay.db, tenantId, 4);
    await analyze(callbay.db, tenantId, ids, 50);
    // Each attempt of a batch on one of up to 3 brokers, then the halves, then one message twice.
    await kafka.order('fail 0 6 10');
    await sendAll();
    const byKey = readByKey(await kafka.consume(topic));
    expect(byKey.size).toBe(4);
    expect((await status()).lag.events).toBe(0);
  }, 60_000);

  test('a replay sends a span again, marked, with the same event ids', async () => {
    await start();
    await surface(callbay.db, tenantId, 2);
    await callbay.clock.advance(HOUR_MS);
    await surface(callbay.db, tenantId, 3);
    await feeds.run();
    const span = { from: '2026-03-02T12:30:00Z' };
    expect(await feeds.admin.replayFeed(tenantId, span, BY)).toBe(3);
    await feeds.run();
    const messages = await kafka.consume(topic);
    const again = messages.filter(({ headers }) => headers.replay === 'true');
    expect(again.map(({ key }) => key).sort()).toEqual(['call-3.wav', 'call-4.wav', 'call-5.wav']);
    expect(readByKey(messages).size).toBe(5);
  });

  test('a test of the connection finds the topic, or says what is wrong', async () => {
    const probe = async (brokers: readonly string[], name: string) => {
      await feeds.admin.putFeed(tenantId, feedOf(brokers, name), BY);
      try {
        return await feeds.target.probe((await feeds.admin.findAddress(tenantId))!);
      } catch (error) {
        return error instanceof FeedError ? error.failure.code : error;
      }
    };
    expect(await probe(kafka.brokers, topic)).toEqual({ brokers: 3, partitions: 6 });
    expect(await probe(['127.0.0.1:1'], topic)).toBe('FEED_UNREACHABLE');
    expect(await probe(['10.1.2.3:9092'], topic)).toBe('FEED_ADDRESS_FORBIDDEN');
  }, 60_000);
});
