import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

let api: TestApi;
const DAY = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY).toISOString();

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  for (const days of [100, 50, 20, 5, 1]) await makeCall(api.db, 'acme', { startedAt: daysAgo(days) });
  await api.ask('PATCH /v1/tenants/acme/calls/2', { body: { evaluated: true } });
  await api.ask('PATCH /v1/tenants/acme/calls/3', { body: { legalHold: true } });
});

afterAll(() => api[Symbol.asyncDispose]());

const preview = async (query: string) =>
  (await api.ask(`GET /v1/tenants/acme/data-retention/preview?${query}`)).body;

describe('the preview of a data retention', () => {
  test('tells of the policy that is set unless one is proposed', async () => {
    expect(await preview('')).toEqual({
      policy: { evaluatedDays: null, notEvaluatedDays: null },
      calls: 5,
      removed: 0,
      removedEvaluated: 0,
      removedNotEvaluated: 0,
      keptByLegalHold: 0,
      oldestStartedAt: null,
      callIds: [],
      wantsConfirmation: false,
    });
  });

  test('counts each class by its own age, oldest first, without legal holds', async () => {
    expect(await preview('evaluatedDays=30&notEvaluatedDays=3')).toMatchObject({
      policy: { evaluatedDays: 30, notEvaluatedDays: 3 },
      calls: 5,
      removed: 3,
      removedEvaluated: 1,
      removedNotEvaluated: 2,
      keptByLegalHold: 1,
      callIds: [1, 2, 4],
    });
    expect(await preview('evaluatedDays=null&notEvaluatedDays=60')).toMatchObject({ callIds: [1] });
  });

  test.each(['evaluatedDays=0', 'evaluatedDays=x', 'notEvaluatedDays=36501', 'days=1'])(
    '%s is refused by name',
    async (query) => {
      expect((await preview(query)).issues).toMatchObject([{ at: query.split('=')[0] }]);
    },
  );
});

test('case 57: a policy that would delete calls asks to be confirmed', async () => {
  await api.ask('POST /v1/tenants', { body: { id: 'large', name: 'Large' } });
  await api.db.execute(
    `INSERT INTO calls (tenant_id, call_key, status, call_id, started_at)
     SELECT 'large', 'stem:' || n, 'surfaced', n, callbay_now() - interval '10 days' FROM generate_series(1, 101) AS n`,
  );
  const set = (days: number, query = '') =>
    api.ask(`PATCH /v1/tenants/large${query}`, {
      body: { settings: { dataRetention: { notEvaluatedDays: days } } },
    });
  const ask = async () =>
    (await api.ask('GET /v1/tenants/large/data-retention/preview?notEvaluatedDays=5')).body;
  expect(await ask()).toMatchObject({ removed: 101, wantsConfirmation: true });
  expect((await set(5)).body.code).toBe('CONFLICT');
  expect((await set(11)).status).toBe(200);
  expect((await set(5, '?confirm=true')).status).toBe(200);
  expect((await ask()).callIds).toHaveLength(100);
});

test('case 57: a single call is for somebody to confirm, and no call for nobody', async () => {
  await api.ask('POST /v1/tenants', { body: { id: 'small', name: 'Small' } });
  const set = (days: number, query = '') =>
    api.ask(`PATCH /v1/tenants/small${query}`, {
      body: { settings: { dataRetention: { notEvaluatedDays: days } } },
    });
  expect((await set(6)).status).toBe(200);
  await api.db.execute(
    `INSERT INTO calls (tenant_id, call_key, status, call_id, started_at)
     VALUES ('small', 'stem:1', 'surfaced', 1, callbay_now() - interval '5 days 1 second')`,
  );
  const refused = await set(5);
  expect(refused.body).toMatchObject({ code: 'CONFLICT' });
  expect(refused.body.detail).toContain('1 of 1 calls');
  expect((await set(5, '?confirm=true')).status).toBe(200);
});

test('deleted calls are listed by changeSeq, and calls that were never visible are not', async () => {
  const bury = (digest: string, callId: number | null, seq: number | null) =>
    api.db.execute(
      `INSERT INTO deleted_calls (tenant_id, key_digest, call_id, deleted_at, reason, policy, change_seq)
       VALUES ('acme', $1, $2, callbay_now(), 'EVALUATED_EXPIRED', '{"evaluatedDays":1,"notEvaluatedDays":null}', $3)`,
      [digest, callId, seq],
    );
  await bury('a', 91, 101);
  await bury('b', 90, 102);
  await bury('c', null, null);
  const first = await api.ask('GET /v1/tenants/acme/deleted-calls?limit=1');
  expect(first.body.items).toMatchObject([{ callId: 91, changeSeq: 101, reason: 'EVALUATED_EXPIRED' }]);
  const next = await api.ask(`GET /v1/tenants/acme/deleted-calls?cursor=${first.body.nextCursor}`);
  expect(next.body).toMatchObject({ items: [{ callId: 90 }], nextCursor: null });
  const after = await api.ask('GET /v1/tenants/acme/deleted-calls?changedAfter=101');
  expect(after.body.items).toHaveLength(1);
});
