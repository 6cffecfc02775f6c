import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

let api: TestApi;
const PATH = '/v1/tenants/acme/calls';

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  const row = (target: string, type: string) => ({ source: target, target, type });
  const fields = [
    row('startedAt', 'instant'),
    row('user', 'id'),
    row('direction', 'enum'),
    row('amount', 'number'),
    row('closedAt', 'instant'),
    row('account', 'id'),
    row('vip', 'boolean'),
    row('talkTime', 'duration'),
    row('caller', 'phone'),
  ];
  const published = await api.ask('PUT /v1/tenants/acme/mappings/call', { body: { fields } });
  expect(published.status, published.text).toBe(200);
  const calls: [string, Record<string, unknown>][] = [
    [
      '2026-03-03T09:00:00Z',
      { amount: 9, closedAt: '2026-03-01T09:30:00.000Z', account: '9', vip: true, talkTime: 65 },
    ],
    [
      '2026-03-02T09:00:00Z',
      { amount: 10, closedAt: '2026-03-02T00:00:00.000Z', account: '10', vip: false, caller: '+12125550100' },
    ],
    // Read by an earlier mapping, under which amount was a string.
    ['2026-03-01T09:00:00Z', { amount: '900', account: 'A-1', note: "O'Neill \\ joe@example.com" }],
    ['2026-03-01T09:00:00Z', { account: 'A-2', note: 'Johnson johannes' }],
  ];
  for (const [startedAt, values] of calls) await makeCall(api.db, 'acme', { startedAt, fields: values });
});

afterAll(() => api[Symbol.asyncDispose]());

const search = async (query: string): Promise<number[]> => {
  const { body, text } = await api.ask(`GET ${PATH}?${query}`);
  expect(Array.isArray(body.items), text).toBe(true);
  return body.items.map(({ callId }: { callId: number }) => callId);
};

describe('fields are searched by the type that the mapping gives them', () => {
  test.each([
    ['numbers by their value', 'field.amount.gte=10', [2, 3]],
    ['a number however it is written', 'field.amount=9.0', [1]],
    ['a number that an earlier mapping left a string', 'field.amount=900', [3]],
    ['an instant in any offset', 'field.closedAt=2026-03-01T10:30:00%2B01:00', [1]],
    ['instants by time', 'field.closedAt.lt=2026-03-02T01:00:00%2B02:00', [1]],
    ['ids as text, never as numbers', 'field.account.gte=9', [1, 3, 4]],
    ['a boolean', 'field.vip=false', [2]],
    ['a duration as people write it', 'field.talkTime=1:05', [1]],
    ['a telephone number as people write it', 'field.caller=%2B1%20212%20555%200100', [2]],
    ['the user that the call has', 'field.user=joe', [1, 2, 3, 4]],
    ['the start that the call has', 'field.startedAt.lt=2026-03-02T00:00:00Z', [3, 4]],
    ['a direction', 'field.direction=outbound', []],
  ])('%s', async (_title, query, expected) => {
    expect(await search(query)).toEqual(expected);
  });

  test('a value that cannot be of its type is refused by name, every one of them', async () => {
    const { status, body } = await api.ask(`GET ${PATH}?field.amount=many&field.closedAt.gte=2026&q=x`);
    expect(status).toBe(400);
    expect(body.issues).toMatchObject([
      { code: 'TYPE_MISMATCH', at: 'field.amount' },
      { code: 'TYPE_MISMATCH', at: 'field.closedAt.gte' },
    ]);
  });
});

describe('words by their beginning', () => {
  test.each([
    ['joh*', [4]],
    ['joh* joe@*', []],
    ["O'Nei* joe*", [3]],
    ['-johns* johannes', []],
    ["it's* \\':* &|!* (*", []],
  ])('%s', async (q, expected) => {
    expect(await search(`q=${encodeURIComponent(q)}`)).toEqual(expected);
  });
});

test('a text whose words are over what an index entry holds is searched by its beginning, and refuses no call', async () => {
  const words = Array.from({ length: 40_000 }, (_, n) => {
    const rare = String.fromCodePoint(0x4e00 + ((n * 7) % 20_000), 0x4e00 + Math.floor(n / 20_000));
    return `${String.fromCodePoint(0x4e00 + (n % 20_000))}-${rare}`;
  });
  await api.ask('POST /v1/tenants', { body: { id: 'wordy', name: 'Wordy' } });
  await makeCall(api.db, 'wordy', { fields: { note: `first ${words.join(' ')}` } });
  const { body } = await api.ask('GET /v1/tenants/wordy/calls?q=first');
  expect(body.items).toHaveLength(1);
});

describe('pages in the order of time', () => {
  const pages = async (query: string, between: () => Promise<unknown>): Promise<number[]> => {
    const seen: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null && seen.length < 20) {
      const { body } = await api.ask(`GET ${PATH}?${query}&limit=1${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ callId }: { callId: number }) => callId));
      cursor = body.nextCursor;
      await between();
    }
    return seen;
  };

  test('a search by time is in order of startedAt, then callId', async () => {
    expect(await search('from=2026-01-01T00:00:00Z')).toEqual([3, 4, 2, 1]);
    expect(await search('sort=startedAt&order=desc')).toEqual([1, 2, 4, 3]);
    expect(await search('from=2026-01-01T00:00:00Z&sort=callId')).toEqual([1, 2, 3, 4]);
  });

  test('calls that come between two pages neither repeat nor hide one', async () => {
    const newest = (n: number) => makeCall(api.db, 'acme', { startedAt: `2026-04-01T00:00:0${n}Z` });
    let n = 0;
    expect(await pages('sort=startedAt&order=desc', () => newest(n++))).toEqual([1, 2, 4, 3]);
  });

  test('a cursor of another order is refused', async () => {
    const { body } = await api.ask(`GET ${PATH}?limit=1`);
    const other = await api.ask(`GET ${PATH}?limit=1&sort=startedAt&cursor=${body.nextCursor}`);
    expect(other.body.issues).toMatchObject([{ code: 'CURSOR_INVALID', at: 'cursor' }]);
  });
});
