import type { Readiness } from '@callbay/contracts';
import { type TestClock, testClock } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFile, startApi, type TestApi } from './support.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let api: TestApi;
let clock: TestClock;
let count = 0;

beforeAll(async () => {
  api = await startApi();
  clock = await testClock(api.db);
});

afterAll(() => api[Symbol.asyncDispose]());

async function newTenant(body: Record<string, unknown> = {}): Promise<string> {
  const id = `ready-${++count}`;
  const made = await api.ask('POST /v1/tenants', {
    body: { id, name: id, timeZone: 'UTC', stage: 'verification', ...body },
  });
  expect(made.status, made.text).toBe(201);
  return id;
}

async function findingsOf(id: string): Promise<Readiness['findings']> {
  return (await api.ask(`GET /v1/tenants/${id}/readiness`)).body.findings;
}

const find = async (id: string, code: string) => (await findingsOf(id)).find((found) => found.code === code);

const stamp = (ms: number): string => {
  const [date = '', time = ''] = new Date(ms).toISOString().split(/[T.]/);
  return `${date.replaceAll('-', '')}-${time.replaceAll(':', '')}`;
};

/** Recordings of calls at so many instants, each received a while after the time that its name says. */
async function receive(id: string, namesMs: readonly number[], delayMs: number): Promise<void> {
  for (const [index, ms] of namesMs.entries()) {
    await clock.set(new Date(ms + delayMs + (index % 5) * MINUTE));
    await makeFile(api.db, id, {
      name: `${stamp(ms)}_inbound_rep${index}.wav`,
      state: 'held',
      code: 'READY',
    });
  }
}

const START = Date.parse('2026-03-02T00:00:00.000Z');

test('what must be fixed comes first, and every sentence says how much and what to do', async () => {
  const id = await newTenant({ timeZone: null });
  await makeFile(api.db, id, { name: 'alone.wav' });
  await makeFile(api.db, id, { name: 'lonely.json', kind: 'sidecar', code: 'NO_RECORDING' });
  for (const name of ['a.csv', 'b.csv'])
    await makeFile(api.db, id, { name, state: 'rejected', code: 'SCHEMA_DRIFT' });
  await makeFile(api.db, id, { name: 'half.json', kind: 'sidecar', code: 'MISSING_REQUIRED' });
  const findings = await findingsOf(id);
  expect(findings.map(({ code, required, count: many }) => [code, required, many])).toEqual([
    ['TIME_ZONE_MISSING', true, 1],
    ['NO_COMPLETE_CALL', false, 1],
    ['FILES_REJECTED', false, 2],
    ['RECORDINGS_UNPAIRED', false, 1],
    ['METADATA_UNPAIRED', false, 1],
    ['FILES_WAITING', false, 1],
    ['SFTP_USER_MISSING', false, 1],
  ]);
  const rejected = findings.find(({ code }) => code === 'FILES_REJECTED');
  expect(rejected?.message).toContain('2 files were rejected (SCHEMA_DRIFT)');
  expect(rejected?.examples.toSorted()).toEqual(['a.csv', 'b.csv']);
  for (const { fix } of findings) expect(fix).not.toBe('');
});

test('case 65: no hour past 12 over many files is TWELVE_HOUR_CLOCK_SUSPECTED, and one call at 13 clears it', async () => {
  const id = await newTenant();
  const hours = [8, 9, 10, 11, 12, 1, 2, 3, 4, 5];
  const names = [0, 1, 2].flatMap((day) => hours.map((hour) => START + day * DAY + hour * HOUR));
  await receive(id, names.slice(1), 2 * MINUTE);
  expect(await find(id, 'TWELVE_HOUR_CLOCK_SUSPECTED')).toBeUndefined();
  await receive(id, names.slice(0, 1), 2 * MINUTE);
  const found = await find(id, 'TWELVE_HOUR_CLOCK_SUSPECTED');
  expect(found).toMatchObject({ required: false, count: 30 });
  expect(found?.message).toMatch(/^File names never show an hour past 12, over 30 calls on 3 days/);
  await receive(id, [START + 13 * HOUR], 2 * MINUTE);
  expect(await find(id, 'TWELVE_HOUR_CLOCK_SUSPECTED')).toBeUndefined();
});

test('case 65: it is seen in call times as well, by the tenant’s clocks', async () => {
  const id = await newTenant({ timeZone: 'Asia/Seoul' });
  const insert = (hourInSeoul: number, index: number) =>
    api.db.execute(
      `INSERT INTO calls (tenant_id, call_key, status, started_at) VALUES ($1, $2, 'ready', $3)`,
      [id, `stem:${hourInSeoul}-${index}`, new Date(START + (index % 3) * DAY + (hourInSeoul - 9) * HOUR)],
    );
  for (const hour of [9, 10, 11, 1, 2]) for (let index = 0; index < 6; index += 1) await insert(hour, index);
  expect((await find(id, 'TWELVE_HOUR_CLOCK_SUSPECTED'))?.message).toMatch(/^Call times/);
  await insert(15, 0);
  expect(await find(id, 'TWELVE_HOUR_CLOCK_SUSPECTED')).toBeUndefined();
});

test('a constant skew between names and arrivals says by how much the zone looks wrong', async () => {
  const id = await newTenant({ timeZone: 'Asia/Seoul' });
  // Names at UTC, received two minutes later: read in Seoul they lie nine hours and two minutes before.
  const names = Array.from({ length: 20 }, (_, index) => START + index * 47 * MINUTE);
  await receive(id, names.slice(1), 2 * MINUTE);
  expect(await find(id, 'TIME_ZONE_SUSPECTED')).toBeUndefined();
  await receive(id, names.slice(0, 1), 2 * MINUTE);
  const found = await find(id, 'TIME_ZONE_SUSPECTED');
  expect(found).toMatchObject({ required: false, count: 20 });
  expect(found?.message).toContain('wrong by +9 h');
  expect(found?.message).toContain('UTC+00:00, not in Asia/Seoul');
  await api.ask(`PATCH /v1/tenants/${id}`, { body: { timeZone: 'America/New_York' } });
  expect((await find(id, 'TIME_ZONE_SUSPECTED'))?.message).toContain('wrong by -5 h');
  await api.ask(`PATCH /v1/tenants/${id}`, { body: { timeZone: 'UTC' } });
  expect(await find(id, 'TIME_ZONE_SUSPECTED')).toBeUndefined();
});

test('without a zone the arrivals suggest one', async () => {
  const id = await newTenant({ timeZone: null });
  // Names by Seoul's clocks: read at UTC they lie nine hours after the arrival.
  const names = Array.from({ length: 20 }, (_, index) => START + index * 47 * MINUTE);
  await receive(id, names, -9 * HOUR + 2 * MINUTE);
  expect((await find(id, 'TIME_ZONE_MISSING'))?.message).toContain('UTC+09:00');
});

test('a recording sent again counts once, by its first arrival', async () => {
  const id = await newTenant();
  const names = Array.from({ length: 19 }, (_, index) => START + index * 47 * MINUTE);
  await receive(id, names, 9 * HOUR);
  await receive(id, names.slice(0, 5), 9 * HOUR + MINUTE);
  expect(await find(id, 'TIME_ZONE_SUSPECTED')).toBeUndefined();
});

test('expected users without a call are named, however their letters are cased; others are counted', async () => {
  const expectedUsers = ['Ann@acme.test', 'bob@acme.test', 'cy@acme.test'];
  const id = await newTenant({ settings: { expectedUsers } });
  for (const [key, user] of Object.entries({
    one: 'ann@acme.test',
    two: 'dee@acme.test',
    three: 'ann@acme.test',
  })) {
    await api.db.execute(
      `INSERT INTO calls (tenant_id, call_key, status, user_id) VALUES ($1, $2, 'ready', $3)`,
      [id, `stem:${key}`, user],
    );
  }
  expect(await find(id, 'USERS_NEVER_SEEN')).toMatchObject({
    count: 2,
    examples: ['bob@acme.test', 'cy@acme.test'],
  });
  const { body } = await api.ask(`GET /v1/tenants/${id}/readiness`);
  expect(body.counts.distinctUsers).toBe(2);
  await api.ask(`PATCH /v1/tenants/${id}`, { body: { settings: { expectedUsers: ['ann@acme.test'] } } });
  expect(await find(id, 'USERS_NEVER_SEEN')).toBeUndefined();
});
