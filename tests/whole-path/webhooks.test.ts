import { EVENT_TYPES, type EventType } from '@callbay/core';
import { sweepAlerts } from '@callbay/ingestion';
import { makeTenant, type RunningCallbay, startCallbay, until } from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  BY,
  happen,
  openWebhooks,
  SECRET,
  startReceiver,
  type TestWebhooks,
  verify,
} from './webhook-support.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let callbay: RunningCallbay;
let webhooks: TestWebhooks;
let tenantId: string;

beforeAll(async () => {
  callbay = await startCallbay();
  webhooks = openWebhooks(callbay);
});
beforeEach(async () => {
  await callbay.clock.set('2026-03-02T12:00:00Z');
  await callbay.db.execute('DELETE FROM webhooks');
  await callbay.db.execute('DELETE FROM event_cursors');
  tenantId = await makeTenant(callbay.db);
});
afterAll(async () => {
  await webhooks[Symbol.asyncDispose]();
  await callbay[Symbol.asyncDispose]();
});

const create = async (
  url: string,
  events: EventType[] = [...EVENT_TYPES],
  of = tenantId,
): Promise<string> => {
  const made = await webhooks.admin.createWebhook(of, { url, label: null, events, secret: SECRET }, BY);
  return made!.id;
};
const sequencesOf = (received: readonly { event: { sequence: number } }[]): number[] =>
  received.map(({ event }) => event.sequence);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const find = async (id: string) => (await webhooks.admin.findWebhook(tenantId, id))!;
const alertsOpen = async (): Promise<string[]> =>
  (
    await callbay.db.query<{ kind: string }>(
      'SELECT kind FROM alerts WHERE tenant_id = $1 AND is_open ORDER BY kind',
      [tenantId],
    )
  ).map(({ kind }) => kind);

test('a file that is dropped reaches a webhook as a signed event: surfaced, or rejected', async () => {
  await using receiver = await startReceiver();
  await using tenant = await callbay.openTenant();
  await create(receiver.url, [...EVENT_TYPES], tenant.tenantId);
  await tenant.client.put('/data/20260302-100000_outbound_joe.txt', Buffer.from('nothing'));
  await callbay.settle();
  await webhooks.run();
  expect(receiver.received).toHaveLength(1);
  const [message] = receiver.received;
  expect(message!.event).toMatchObject({
    type: 'file.rejected',
    tenantId: tenant.tenantId,
    callId: null,
    data: { name: '20260302-100000_outbound_joe.txt', code: 'UNSUPPORTED_TYPE' },
  });
  expect(verify(SECRET, message!)).toEqual(message!.event);
  expect(message!.headers['webhook-id']).toBe(message!.event.eventId);
});

test('events of the wanted types arrive once, in order, and the others are passed over', async () => {
  await using receiver = await startReceiver();
  const id = await create(receiver.url, ['file.rejected']);
  await happen(callbay, tenantId, 3);
  await happen(callbay, tenantId, 2, 'alert.opened');
  await happen(callbay, tenantId, 150);
  await happen(callbay, tenantId, 2, 'alert.opened');
  await webhooks.run();
  expect(sequencesOf(receiver.received)).toEqual([...upTo(3), ...upTo(155).slice(5)]);
  expect(await find(id)).toMatchObject({ unread: 0, failing: null, state: 'active' });
  expect(await webhooks.relay.poll()).toBe(0);
});

test('an event that fails is tried again after the time of its attempt, and the rest waits in order', async () => {
  await using receiver = await startReceiver((nth) => (nth === 1 || nth === 2 ? 500 : 204));
  const id = await create(receiver.url);
  await happen(callbay, tenantId, 4);
  await webhooks.run();
  expect(sequencesOf(receiver.received)).toEqual([1, 2]);
  expect((await find(id)).failing).toMatchObject({ attempts: 1, code: 'WEBHOOK_REFUSED' });
  await callbay.clock.advance(4_999);
  await webhooks.run();
  expect(receiver.received).toHaveLength(2);
  await callbay.clock.advance(1);
  await webhooks.run();
  expect(sequencesOf(receiver.received)).toEqual([1, 2, 2]);
  await callbay.clock.advance(30_000);
  await webhooks.run();
  expect(sequencesOf(receiver.received)).toEqual([1, 2, 2, 2, 3, 4]);
  expect(new Set(receiver.received.slice(1, 4).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  const log = await webhooks.admin.listDeliveries(tenantId, id, { limit: 10 });
  expect(log!.items.find(({ sequence }) => sequence === 2)).toMatchObject({
    state: 'delivered',
    attempts: 3,
  });
});

test('an endpoint that does not answer keeps no other endpoint or tenant waiting', async () => {
  await using silent = await startReceiver(() => 'silent');
  await using receiver = await startReceiver();
  const other = await makeTenant(callbay.db);
  await create(silent.url);
  await create(receiver.url);
  await create(receiver.url, [...EVENT_TYPES], other);
  await happen(callbay, tenantId, 20);
  await happen(callbay, other, 20);
  await using own = openWebhooks(callbay, 3_000);
  await own.relay.poll();
  await until('what the others are sent', async () => receiver.received.length === 40);
  expect(silent.received).toHaveLength(1);
  await own.relay.idle();
});

test('an endpoint that fails for three days is disabled with an alert, and goes on where it stopped', async () => {
  await using receiver = await startReceiver(() => 503);
  const id = await create(receiver.url, ['file.rejected']);
  await happen(callbay, tenantId, 2);
  await webhooks.run();
  for (let hours = 0; hours < 71; hours += 1) {
    await callbay.clock.advance(HOUR_MS);
    await webhooks.run();
  }
  expect(await find(id)).toMatchObject({ state: 'active', unread: 2 });
  await sweepAlerts(callbay.deps);
  expect(await alertsOpen()).toContain('FEED_STALLED');
  await callbay.clock.advance(2 * HOUR_MS);
  await webhooks.run();
  expect(await find(id)).toMatchObject({ state: 'disabled', failing: { code: 'WEBHOOK_REFUSED' } });
  expect(new Set(sequencesOf(receiver.received))).toEqual(new Set([1]));
  await sweepAlerts(callbay.deps);
  expect(await alertsOpen()).toContain('WEBHOOK_DISABLED');
  expect(await alertsOpen()).not.toContain('FEED_STALLED');
  await callbay.clock.advance(HOUR_MS);
  expect(await webhooks.relay.poll()).toBe(0);

  receiver.answer = () => 200;
  receiver.received.length = 0;
  await webhooks.admin.updateWebhook(tenantId, id, { state: 'active' }, null, BY);
  await webhooks.run();
  expect(sequencesOf(receiver.received)).toEqual([1, 2]);
  await sweepAlerts(callbay.deps);
  expect(await alertsOpen()).not.toContain('WEBHOOK_DISABLED');
});

test('an endpoint that is gone, or leads to a forbidden address, is disabled at once', async () => {
  await using gone = await startReceiver(() => 410);
  const ids = [await create(gone.url), await create('http://10.0.0.1/events')];
  await happen(callbay, tenantId, 1);
  await webhooks.run();
  const found = await Promise.all(ids.map(find));
  expect(found.map(({ state }) => state)).toEqual(['disabled', 'disabled']);
  expect(found.map(({ failing }) => failing?.code)).toEqual(['WEBHOOK_GONE', 'WEBHOOK_ADDRESS_FORBIDDEN']);
});

test('after a rotation both secrets sign for a day, then the new one alone', async () => {
  await using receiver = await startReceiver();
  const id = await create(receiver.url);
  const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  await webhooks.admin.updateWebhook(tenantId, id, {}, { secret, oldSecretSeconds: 86_400 }, BY);
  await happen(callbay, tenantId, 1);
  await webhooks.run();
  for (const each of [SECRET, secret]) verify(each, receiver.received[0]!);
  await callbay.clock.advance(24 * HOUR_MS);
  await happen(callbay, tenantId, 1);
  await webhooks.run();
  verify(secret, receiver.received[1]!);
  expect(() => verify(SECRET, receiver.received[1]!)).toThrow();
});

test('a replay posts a span again, with the same ids, before what is unread', async () => {
  await using receiver = await startReceiver();
  const id = await create(receiver.url);
  await happen(callbay, tenantId, 2);
  await callbay.clock.advance(MINUTE_MS);
  await happen(callbay, tenantId, 3);
  await callbay.clock.advance(MINUTE_MS);
  await happen(callbay, tenantId, 1);
  await webhooks.run();
  await happen(callbay, tenantId, 1);
  const span = { from: new Date('2026-03-02T12:01:00Z'), to: new Date('2026-03-02T12:02:00Z') };
  expect(await webhooks.admin.replayWebhook(tenantId, id, span, BY)).toBe(3);
  await webhooks.run();
  expect(sequencesOf(receiver.received)).toEqual([...upTo(6), 3, 4, 5, 7]);
  const ids = receiver.received.map(({ event }) => event.eventId);
  expect(ids.slice(6, 9)).toEqual(ids.slice(2, 5));
  const log = await webhooks.admin.listDeliveries(tenantId, id, { limit: 50 });
  expect(log!.items.filter(({ isReplay }) => isReplay)).toHaveLength(3);
  const none = { from: new Date('2026-03-05T00:00:00Z'), to: null };
  expect(await webhooks.admin.replayWebhook(tenantId, id, none, BY)).toBe(0);
});

test('a paused endpoint gets nothing, and all of it in order afterwards', async () => {
  await using receiver = await startReceiver();
  const id = await create(receiver.url);
  await webhooks.admin.updateWebhook(tenantId, id, { state: 'paused' }, null, BY);
  await happen(callbay, tenantId, 3);
  await webhooks.run();
  expect(receiver.received).toHaveLength(0);
  await webhooks.admin.updateWebhook(tenantId, id, { state: 'active' }, null, BY);
  await webhooks.run();
  expect(sequencesOf(receiver.received)).toEqual([1, 2, 3]);
});

test('the log of deliveries keeps the newest 1,000', async () => {
  await using receiver = await startReceiver();
  const id = await create(receiver.url);
  await callbay.db.execute(
    `INSERT INTO webhook_deliveries (tenant_id, webhook_id, seq, is_replay, event_id, type, state, attempts, first_attempt_at,
                                     last_attempt_at, duration_ms)
     SELECT $1, $2, -n, FALSE, gen_random_uuid(), 'call.surfaced', 'delivered', 1, callbay_now(),
            callbay_now() - n * interval '1 second', 1 FROM generate_series(1, 1200) n`,
    [tenantId, id],
  );
  await happen(callbay, tenantId, 1);
  await webhooks.run();
  const [row] = await callbay.db.query<{ count: number; newest: number }>(
    'SELECT count(*) AS count, max(seq) AS newest FROM webhook_deliveries WHERE tenant_id = $1',
    [tenantId],
  );
  expect(row!.newest).toBe(1);
  expect(row!.count).toBeLessThanOrEqual(1_001);
});

test('over 20 ends of the relay, each in the middle, every event arrives, in order', async () => {
  await using receiver = await startReceiver();
  await create(receiver.url);
  await happen(callbay, tenantId, 400);
  for (let end = 0; end < 20; end += 1) {
    const before = receiver.received.length;
    const relay = webhooks.another();
    await relay.poll();
    await until('some deliveries', async () => receiver.received.length >= before + 5);
    await relay[Symbol.asyncDispose]();
  }
  await webhooks.run();
  const sequences = sequencesOf(receiver.received);
  expect([...new Set(sequences)]).toEqual(upTo(400));
});
