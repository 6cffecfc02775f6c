import { EventView } from '@callbay/contracts';
import { until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'acme2']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});

afterAll(() => api[Symbol.asyncDispose]());

interface Stream extends AsyncDisposable {
  readonly status: number;
  /** The next `count` events. */
  take(count: number): Promise<{ id: string; event: string; data: Record<string, unknown> }[]>;
  /** Resolves with the next thing that is no event, such as a heartbeat. */
  heartbeat(): Promise<void>;
  /** Resolves when the server ends it. */
  ended(): Promise<void>;
}

async function follow(
  tenantId: string,
  headers: Record<string, string> = {},
  from = api,
  key = from.operator,
): Promise<Stream> {
  const stop = new AbortController();
  const response = await fetch(`${from.url}/v1/tenants/${tenantId}/events`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
    signal: stop.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const more = async (): Promise<boolean> => {
    const { done = true, value } = (await reader?.read()) ?? {};
    text += value ?? '';
    return !done;
  };
  const messages = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .filter((message) => message.startsWith('id: '));
  let taken = 0;
  // The first bytes say that the stream has found its place.
  await more();
  return {
    status: response.status,
    async take(count) {
      while (messages().length < taken + count) if (!(await more())) throw new Error('the stream ended');
      const found = messages().slice(taken, taken + count);
      taken += count;
      return found.map((message) => {
        const lines = Object.fromEntries(
          message.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)),
        );
        return { id: lines.id, event: lines.event, data: JSON.parse(lines.data) };
      });
    },
    async heartbeat() {
      const from = text.length;
      while (!text.includes(': still here', from)) if (!(await more())) throw new Error('the stream ended');
    },
    async ended() {
      while (await more());
    },
    [Symbol.asyncDispose]: async () => stop.abort(),
  };
}

test('a stream tells what happens from now on, in order, of its tenant alone', async () => {
  await makeCall(api.db, 'acme');
  await using stream = await follow('acme');
  expect(stream.status).toBe(200);
  await makeCall(api.db, 'acme2');
  await makeCall(api.db, 'acme');
  await makeCall(api.db, 'acme');
  const events = await stream.take(2);
  expect(events.map(({ id, event }) => [id, event])).toEqual([
    ['2', 'call.surfaced'],
    ['3', 'call.surfaced'],
  ]);
  expect(events[0]?.data).toMatchObject({
    sequence: 2,
    tenantId: 'acme',
    type: 'call.surfaced',
    callId: 2,
    revision: 1,
    data: { user: 'joe', direction: 'inbound', startedAt: '2026-03-01T09:30:00.000Z' },
  });
  for (const { data } of events) expect(EventView.parse(data)).toEqual(data);
  expect(events[0]?.data.eventId).toMatch(/^[0-9a-f-]{36}$/);
  expect(events[0]?.data.at).toMatch(/^\d{4}-.*Z$/);
});

test('a stream resumes after the event that was seen last, with no gap and no repetition', async () => {
  await using first = await follow('acme', { 'last-event-id': '0' });
  const [one] = await first.take(1);
  expect(one?.id).toBe('1');
  await using second = await follow('acme', { 'last-event-id': '1' });
  expect((await second.take(2)).map(({ id }) => id)).toEqual(['2', '3']);
});

test('an event that the first release stored is shown with the names of today', async () => {
  await api.ask('POST /v1/tenants', { body: { id: 'old', name: 'Old' } });
  const callId = await makeCall(api.db, 'old');
  const payload = { user_id: 'ann', started_at: '2026-03-01T09:30:00.000Z', changed: {} };
  await api.db.execute(`UPDATE outbox SET payload = $1 WHERE tenant_id = 'old'`, [JSON.stringify(payload)]);
  await using stream = await follow('old', { 'last-event-id': '0' });
  const [event] = await stream.take(1);
  expect(EventView.parse(event?.data)).toEqual(event?.data);
  expect(event?.data).toMatchObject({ callId, data: { user: 'ann', startedAt: payload.started_at } });
});

test('a stream reads on past the size of one batch', async () => {
  await api.ask('POST /v1/tenants', { body: { id: 'busy', name: 'Busy' } });
  for (let n = 0; n < 150; n += 1) await makeCall(api.db, 'busy');
  await using stream = await follow('busy', { 'last-event-id': '0' });
  expect((await stream.take(150)).map(({ id }) => Number(id))).toEqual(
    Array.from({ length: 150 }, (_, n) => n + 1),
  );
});

test('a stream reads events that are larger than what it holds at once, one after the other', async () => {
  await api.ask('POST /v1/tenants', { body: { id: 'large', name: 'Large' } });
  for (let n = 0; n < 3; n += 1) await makeCall(api.db, 'large');
  const note = 'x'.repeat(1024 * 1024);
  await api.db.execute(
    `UPDATE outbox SET payload = jsonb_set(payload, '{raw}', jsonb_build_object('note', $1::text)) WHERE tenant_id = 'large'`,
    [note],
  );
  await using stream = await follow('large', { 'last-event-id': '0' });
  const events = await stream.take(3);
  expect(events.map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(events[2]?.data).toMatchObject({ data: { raw: { note } } });
});

test('an id that is none is refused', async () => {
  const answer = await api.ask('GET /v1/tenants/acme/events', { headers: { 'last-event-id': 'x' } });
  expect([answer.status, answer.body.issues[0].at]).toEqual([400, 'last-event-id']);
});

test('closing the server ends its streams', async () => {
  const other = await startApi();
  await other.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  await using stream = await follow('acme', {}, other);
  const [ended] = await Promise.all([stream.ended(), other[Symbol.asyncDispose]()]);
  expect(ended).toBeUndefined();
});

test('a stream ends when its credential is revoked, and no other does', async () => {
  await using busy = await startApi({ options: { eventHeartbeatMs: 0 } });
  await busy.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  const { body: key } = await busy.ask('POST /v1/api-keys', {
    body: { role: 'tenant', tenantIds: ['acme'], label: 'feed' },
  });
  await using revoked = await follow('acme', {}, busy, key.key);
  await using kept = await follow('acme', {}, busy);
  await revoked.heartbeat();
  expect((await busy.ask(`DELETE /v1/api-keys/${key.id}`)).status).toBe(204);
  await revoked.ended();
  await kept.heartbeat();
  await makeCall(busy.db, 'acme');
  expect(await kept.take(1)).toMatchObject([{ id: '1' }]);
});

test('a stream ends when its credential expires', async () => {
  await using busy = await startApi({ options: { eventHeartbeatMs: 0 } });
  await busy.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  const key = await busy.makeKey('tenant', ['acme']);
  await using stream = await follow('acme', {}, busy, key);
  await stream.heartbeat();
  await busy.db.execute(`UPDATE api_keys SET expires_at = callbay_now() WHERE role = 'tenant'`);
  await stream.ended();
});

test('one tenant cannot take the streams of another', async () => {
  await using small = await startApi({ options: { eventStreams: 3, eventStreamsPerTenant: 2 } });
  for (const id of ['acme', 'acme2']) await small.ask('POST /v1/tenants', { body: { id, name: id } });
  await using _first = await follow('acme', {}, small);
  await using _second = await follow('acme', {}, small);
  const refused = await small.ask('GET /v1/tenants/acme/events');
  expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
  await using other = await follow('acme2', {}, small);
  expect(other.status).toBe(200);
});

test('streams past the limit are refused until one ends', async () => {
  await using small = await startApi({ options: { eventStreams: 2 } });
  await small.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  await using first = await follow('acme', {}, small);
  const second = await follow('acme', {}, small);
  expect([first.status, second.status]).toEqual([200, 200]);
  const refused = await small.ask('GET /v1/tenants/acme/events');
  expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
  await second[Symbol.asyncDispose]();
  await until('a stream has room again', async () => {
    await using next = await follow('acme', {}, small);
    return next.status === 200;
  });
  await makeCall(small.db, 'acme');
  expect(await first.take(1)).toMatchObject([{ id: '1' }]);
});
