import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  const calls: [string, Record<string, unknown>][] = [
    ['2026-03-01T09:00:00Z', { stage: 'Won', amount: 900, account: '0042', vip: true, 'deal.size': '10' }],
    [
      '2026-03-01T10:00:00Z',
      { stage: 'Lost deal', amount: 1200.5, account: '42', vip: false, 'deal.size': '9' },
    ],
    [
      '2026-03-01T11:00:00Z',
      { stage: 'won back', amount: 10_000, account: 'A-42', note: null, 'deal.size': 'big' },
    ],
  ];
  for (const [startedAt, fields] of calls) await makeCall(api.db, 'acme', { startedAt, fields });
  await api.db.execute(
    `INSERT INTO calls (tenant_id, call_key, status, fields) VALUES ('acme', 'stem:held', 'ready', '{"stage":"Won"}')`,
  );
});

afterAll(() => api[Symbol.asyncDispose]());

const search = async (query: string): Promise<number[]> => {
  const { body, text } = await api.ask(`GET /v1/tenants/acme/calls?${query}`);
  expect(Array.isArray(body.items), text).toBe(true);
  return body.items.map(({ callId }: { callId: number }) => callId);
};

test('a call is told whole, and only once it has surfaced', async () => {
  const { body } = await api.ask('GET /v1/tenants/acme/calls/1');
  expect(body).toMatchObject({
    callId: 1,
    revision: 1,
    startedAt: '2026-03-01T09:00:00.000Z',
    endedAt: null,
    direction: 'inbound',
    user: 'joe',
    fields: { stage: 'Won', amount: 900 },
    raw: {},
    crm: {},
    evaluated: false,
    legalHold: false,
    media: null,
    changeSeq: 1,
  });
  expect(await search('')).toEqual([1, 2, 3]);
});

describe('search', () => {
  test.each([
    ['a word, whatever its case', 'q=won', [1, 3]],
    ['all of several words', 'q=won back', [3]],
    ['a phrase', 'q="lost deal"', [2]],
    ['one word or the other', 'q=lost or back', [2, 3]],
    ['without a word', 'q=won -back', [1]],
    ['a word that is nowhere', 'q=nothing', []],
    ['from a time, inclusive', 'from=2026-03-01T10:00:00Z', [2, 3]],
    ['to a time, exclusive', 'to=2026-03-01T11:00:00%2B01:00', [1]],
    ['a field that is a string', 'field.stage=Won', [1]],
    ['a field that is a number', 'field.amount=1200.5', [2]],
    ['a number written otherwise', 'field.amount=0900.0', [1]],
    ['a field that is a boolean', 'field.vip=false', [2]],
    ['an id with leading zeros is itself alone', 'field.account=0042', [1]],
    ['an id without them is itself alone', 'field.account=42', [2]],
    ['numbers compared as numbers', 'field.amount.gte=1000', [2, 3]],
    ['numbers below', 'field.amount.lt=1200.5', [1]],
    ['a range', 'field.amount.gte=900&field.amount.lt=10000', [1, 2]],
    ['digits in strings compared as numbers, words as text', 'field.deal.size.gte=10', [1, 3]],
    ['text compared as text', 'field.stage.gte=X', [3]],
    ['a field that no call has', 'field.nowhere=1', []],
    ['what looks like SQL', `field.stage=' OR 1=1 --`, []],
    ['a name that looks like SQL', `field.x'%3B drop table calls--.gte=1`, []],
    ['everything at once', 'q=won&from=2026-03-01T00:00:00Z&field.amount.gte=1000&changedAfter=0', [3]],
    ['newest first', 'order=desc', [3, 2, 1]],
    ['what changed after', 'changedAfter=1', [2, 3]],
    ['what changed after the last', 'changedAfter=3', []],
  ])('%s', async (_title, query, expected) => {
    expect(await search(query.replaceAll(' ', '%20').replaceAll('"', '%22'))).toEqual(expected);
  });

  test.each(['order=asc', 'order=desc', 'changedAfter=0'])('pages hold each call once: %s', async (query) => {
    const seen: number[] = [];
    let cursor = '';
    for (let page = 0; page < 4 && cursor !== null; page += 1) {
      const { body } = await api.ask(
        `GET /v1/tenants/acme/calls?${query}&limit=1${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...body.items.map(({ callId }: { callId: number }) => callId));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(query === 'order=desc' ? [3, 2, 1] : [1, 2, 3]);
    expect(cursor).toBeNull();
  });
});

test('flags are set one by one, are audited, move changeSeq when they change, and make no revision', async () => {
  const patch = (body: unknown) => api.ask('PATCH /v1/tenants/acme/calls/2', { body });
  const evaluated = { evaluated: true, legalHold: false, revision: 1, changeSeq: 4 };
  expect((await patch({ evaluated: true })).body).toMatchObject(evaluated);
  expect((await patch({ evaluated: true })).body).toMatchObject(evaluated);
  expect((await patch({})).body).toMatchObject(evaluated);
  const held = { ...evaluated, legalHold: true, changeSeq: 5 };
  expect((await patch({ legalHold: true })).body).toMatchObject(held);
  expect(await search('changedAfter=3')).toEqual([2]);
  expect((await patch({ callId: 9 })).body.issues).toMatchObject([{ code: 'UNKNOWN_FIELD', at: 'callId' }]);
  const { body } = await api.ask('GET /v1/audit?action=call.update');
  expect(body.items[0]).toMatchObject({ target: '2', detail: { legalHold: true } });
});

test('history tells what each revision changed', async () => {
  const { body } = await api.ask('GET /v1/tenants/acme/calls/1/history');
  expect(body).toMatchObject({
    items: [{ revision: 1, changed: { user: [null, 'joe'] } }],
    nextCursor: null,
  });
});
