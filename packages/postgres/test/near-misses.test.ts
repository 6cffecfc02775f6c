import { randomUUID } from 'node:crypto';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listHolds, listHoldsSql, SELECT_HOLDS } from '../src/calls/hold-reader.ts';
import {
  findNearMisses,
  findNeighbors,
  METADATA_AROUND,
  NEIGHBORS,
  RECORDINGS_AROUND,
  SCORED_AT_ONCE,
  scoreNeighbors,
  WALK_INDEXES,
} from '../src/calls/near-misses.ts';
import { transact } from '../src/database/database.ts';

const WAITING = 50_000;
const PAGE = 50;

let database: TestDatabase;
let tenantId: string;
let other: string;

beforeAll(async () => {
  database = await createTestDatabase();
  [tenantId, other] = [await makeTenant(database.db), await makeTenant(database.db)];
  // A call every 20 seconds of one of 100 users, which waits without its metadata, and sidecars of other calls between.
  for (const id of [tenantId, other]) {
    await database.db.execute(
      `INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, blob_key, sent_by, modified_at,
                          receive_seq, received_at, classified_at, state, kind, outcome_code, call_key)
       SELECT $1, gen_random_uuid(), 'sftp', stem || ext, stem || ext, stem, substr(ext, 2), 10, $1 || '/' || n, 'u',
              callbay_now(), n, callbay_now(), callbay_now(), 'held', CASE WHEN n % 2 = 0 THEN 'recording' ELSE 'sidecar' END,
              CASE WHEN n % 2 = 0 THEN 'NO_METADATA' ELSE 'NO_RECORDING' END, 'stem:' || stem
         FROM generate_series(1, $2::int) n, LATERAL (SELECT
                to_char(timestamp '2026-01-01' + n * interval '20 seconds', 'YYYYMMDD-HH24MISS')
                  || CASE WHEN n % 3 = 0 THEN '_inbound_' ELSE '_outbound_' END || 'user' || md5((n % 100)::text) AS stem,
                CASE WHEN n % 2 = 0 THEN '.wav' ELSE '.json' END AS ext) named`,
      [id, WAITING],
    );
    await database.db.execute(
      `INSERT INTO calls (tenant_id, call_key, status, hold, held_since)
       SELECT $1, call_key, 'held', jsonb_build_object('reasons', '[]'::jsonb, 'until', NULL, 'fileIds', '[]'::jsonb,
              'waitingFor', CASE WHEN kind = 'recording' THEN 'metadata' ELSE 'recording' END), received_at
         FROM files WHERE tenant_id = $1`,
      [id],
    );
  }
}, 120_000);
afterAll(() => database.drop());

let seq = WAITING;

/** One more waiting file of the tenant. */
async function addFile(stem: string, kind: 'recording' | 'sidecar'): Promise<string> {
  const id = randomUUID();
  seq += 1;
  await database.db.execute(
    `INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, sent_by, modified_at, receive_seq,
                        received_at, classified_at, state, kind, outcome_code, call_key)
     VALUES ($1, $2, 'sftp', $3, $3, $3, 'x', 1, 'u', callbay_now(), $4, callbay_now(), callbay_now(), 'held', $5, $6, $7)`,
    [tenantId, id, stem, seq, kind, kind === 'recording' ? 'NO_METADATA' : 'NO_RECORDING', `stem:${stem}`],
  );
  return id;
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Rows that a statement read of tables, shown or not. */
const rowsRead = (text: string, args: string, settings = ''): Promise<number> =>
  transact(database.db, async (tx) => {
    if (settings !== '') await tx.execute(settings);
    await tx.execute('SET LOCAL plan_cache_mode = force_generic_plan');
    await tx.execute(`PREPARE reading AS ${text}`);
    const [row] = await tx.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE reading(${args})`,
    );
    await tx.execute('DEALLOCATE reading');
    return nodesOf(row!['QUERY PLAN'][0]!.Plan)
      .filter((node) => node['Relation Name'] !== undefined)
      .reduce(
        (sum, node) =>
          sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
        0,
      );
  });

describe.each([
  ['without statistics', null],
  ['with statistics', 'VACUUM ANALYZE'],
])('with 50,000 waiting files, %s', (_title, prepare) => {
  beforeAll(async () => {
    if (prepare !== null) await database.db.execute(prepare);
  });

  test.each(['metadata', 'recording', null])(
    'a page of holds that wait for %s reads what it shows',
    async (thing) => {
      const waits =
        thing === null ? ['metadata', 'recording', 'correction', 'crm', 'goLive', 'operator'] : [thing];
      for (const since of ['-infinity', '2020-01-01T00:00:00Z']) {
        const list = `ARRAY[${waits.map((each) => `'${each}'`).join(', ')}]`;
        const args = `'${tenantId}', '${since}', '', ${list}, ${PAGE}`;
        expect(await rowsRead(listHoldsSql(SELECT_HOLDS), args)).toBeLessThanOrEqual(waits.length * PAGE);
      }
    },
  );

  test.each([
    ['recordings', RECORDINGS_AROUND],
    ['metadata', METADATA_AROUND],
  ])('of %s only the neighbors of each name are read', async (_kind, text) => {
    const names = `(SELECT array_agg(stem) FROM (SELECT stem FROM files WHERE tenant_id = '${tenantId}' ORDER BY receive_seq LIMIT ${PAGE}) s)`;
    const [row] = await database.db.query<{ names: string[] }>(`SELECT ${names} AS names`);
    const list = `ARRAY[${row!.names.map((name) => `'${name}'`).join(', ')}]`;
    expect(await rowsRead(text, `'${tenantId}', ${list}`, WALK_INDEXES)).toBeLessThanOrEqual(
      PAGE * 4 * NEIGHBORS,
    );
  });
});

test.each([
  ['case', '20260105-101010_inbound_Zoe', '20260105-101010_inbound_zoe', 0.95],
  ['punctuation', '20260105-101011_inbound-amy', '20260105-101011_inbound_amy', 0.9],
  ['the last character', '20260105-101012_inbound_bobb', '20260105-101012_inbound_bobc', 0.85],
  ['the first character', '20260105-101013_inbound_carl', '30260105-101013_inbound_carl', 0.85],
  ['a character in the middle', '20260105-101014_inbound_dora', '20260105-101014_imbound_dora', 0.85],
  ['two characters at one end', '20260105-101015_inbound_erwin', '20260105-101015_inbound_erwxy', 0.7],
  ['the user', '20260105-101016_inbound_fred', '20260105-101016_outbound_gina', 0.7],
  ['a prefix', 'ringcentral_BXyT30eVTWlZjUA', 'BXyT30eVTWlZjUA', 0.65],
  ['a suffix', 'HHyT30eVTWlZjUA', 'HHyT30eVTWlZjUA-final-copy', 0.65],
  ['half a minute', '20260105-101018_inbound_ivan', '20260105-101048_inbound_ivan', 0.85],
  ['a minute and a second', '20260105-101019_inbound_judy', '20260105-101120_inbound_judy', 0.6],
  ['letters beyond ASCII', '20260105-101017_Привет', '20260105-101017_Приве', 0.85],
])('among 50,000 waiting files a name is found that differs by %s', async (_title, own, missed, score) => {
  const fileId = await addFile(missed, 'sidecar');
  const found = await findNearMisses(database.db, tenantId, [
    { callKey: `stem:${own}`, wantsRecording: false },
  ]);
  expect(found[0]).toContainEqual(expect.objectContaining({ fileId, score }));
});

test('names are compared with what the hold waits for, of the same tenant and other keys', async () => {
  const own = '20270105-090000_inbound_solo';
  await addFile(own, 'recording');
  await addFile(`${own}x`, 'recording');
  const sidecar = await addFile(`${own}y`, 'sidecar');
  const seek = async (id: string, wantsRecording: boolean) =>
    (await findNearMisses(database.db, id, [{ callKey: `stem:${own}`, wantsRecording }]))[0] ?? [];
  expect((await seek(tenantId, false)).map(({ fileId }) => fileId)).toEqual([sidecar]);
  expect((await seek(tenantId, true)).map(({ name }) => name)).toEqual([`${own}x`]);
  expect(await seek(other, false)).toEqual([]);
});

test('a page of 500 holds is scored in slices, with other work of the process in between', async () => {
  const { items } = await listHolds(database.db, tenantId, { limit: 500 });
  expect(items).toHaveLength(500);
  const seekers = items.map(({ callKey, waitingFor }) => ({
    callKey,
    wantsRecording: waitingFor === 'recording',
  }));
  const neighborhoods = await findNeighbors(database.db, tenantId, seekers);
  const pairs = neighborhoods.reduce((sum, { files }) => sum + files.length, 0);
  expect(pairs).toBeGreaterThan(500 * NEIGHBORS);
  expect(pairs).toBeLessThanOrEqual(500 * 4 * NEIGHBORS);
  let pauses = 0;
  await scoreNeighbors(neighborhoods, async () => {
    pauses += 1;
  });
  expect(pauses).toBe(Math.ceil(pairs / SCORED_AT_ONCE) - 1);
});
