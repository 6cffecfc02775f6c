import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transact } from '../src/database/database.ts';
import { listFolderSql } from '../src/drop/drop-queries.ts';
import { LIST_RECEIPTS } from '../src/drop/receipts.ts';

const FILES = 20_000;
const PAGE = 100;

let database: TestDatabase;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await makeTenant(database.db);
  for (const id of [tenantId, await makeTenant(database.db, { id: `${tenantId}2` })]) {
    // Of each folder as many, nine of ten old and purged, and the old ones first by name, as dates in names make them.
    await database.db.execute(
      `INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, blob_key, sent_by, modified_at,
                          receive_seq, received_at, purged_at, classified_at, state, folder)
       SELECT $1, gen_random_uuid(), 'sftp', name, name, 'stem' || n, 'wav', 10, $1 || '/' || n, 'u', callbay_now(),
              n, callbay_now() - age, CASE WHEN age > interval '7 days' THEN callbay_now() END, callbay_now(),
              (ARRAY['held', 'done', 'rejected'])[n % 3 + 1], (ARRAY['data', 'processed', 'rejected'])[n % 3 + 1]
         FROM generate_series(1, $2::int) n, to_char(n, 'FM000000') AS name,
              LATERAL (SELECT CASE WHEN n < 0.9 * $2 THEN interval '90 days' ELSE interval '1 day' END AS age) a`,
      [id, FILES],
    );
  }
});
afterAll(() => database.drop());

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** The nodes of the plan as it ran, made without knowledge of the values, as it is for a statement that has a name. */
const planOf = (text: string, args: string): Promise<Plan[]> =>
  transact(database.db, async (tx) => {
    await tx.execute('SET LOCAL plan_cache_mode = force_generic_plan');
    await tx.execute(`PREPARE listing AS ${text}`);
    const [row] = await tx.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE listing(${args})`,
    );
    await tx.execute('DEALLOCATE listing');
    return nodesOf(row!['QUERY PLAN'][0]!.Plan);
  });

const rowsOf = (node: Plan): number => node['Actual Rows'] * node['Actual Loops'];

/** Days from which receipts are listed, the day that is 30 days ago included. */
const DAYS = 31;

/** `most` rows whatever the number of files. */
function expectNoLargeSort(nodes: readonly Plan[], most = PAGE): void {
  for (const node of nodes.filter((each) => each['Node Type'].includes('Sort'))) {
    for (const input of node.Plans ?? []) expect(rowsOf(input)).toBeLessThanOrEqual(most);
  }
  const ofFiles = nodes.filter((node) => node['Relation Name'] === 'files');
  expect(ofFiles.map((node) => node['Node Type'])).not.toContain('Seq Scan');
}

describe.each([
  ['without statistics', null],
  ['with statistics', 'VACUUM ANALYZE files'],
])('a page of names comes from an index, %s', (_title, prepare) => {
  beforeAll(async () => {
    if (prepare !== null) await database.db.execute(prepare);
  });

  test.each(['data', 'processed', 'rejected'] as const)('in %s, past all that is purged', async (folder) => {
    for (const after of ['', '019500']) {
      const nodes = await planOf(listFolderSql(folder), `'${tenantId}', '${after}', ${PAGE}`);
      expectNoLargeSort(nodes);
      expect(rowsOf(nodes[0]!)).toBe(PAGE);
      for (const node of nodes) expect(node['Rows Removed by Filter'] ?? 0).toBeLessThanOrEqual(PAGE);
    }
  });

  test('of receipts, and not one of the old ones is read', async () => {
    for (const [name, seq] of [
      ['', 0],
      ['019500', 19_500],
    ]) {
      const nodes = await planOf(LIST_RECEIPTS, `'${tenantId}', '${name}', ${seq}, ${PAGE}`);
      expectNoLargeSort(nodes, DAYS * PAGE);
      expect(rowsOf(nodes[0]!)).toBe(PAGE);
      const ofFiles = nodes.filter((node) => node['Relation Name'] === 'files');
      for (const node of ofFiles) expect(node['Rows Removed by Filter'] ?? 0).toBe(0);
      const read = ofFiles.reduce((sum, node) => sum + rowsOf(node), 0);
      expect(read).toBeLessThanOrEqual((DAYS + 4) * PAGE);
      expect(ofFiles.map((node) => node['Index Name'])).toContain('files_of_days');
      for (const node of nodes.filter((each) => each['Node Type'] === 'Index Scan'))
        expect(rowsOf(node)).toBeLessThanOrEqual(PAGE);
    }
  });
});
