import { randomUUID } from 'node:crypto';
import { ExplanationQuery } from '@callbay/contracts';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { createFileReader } from '../src/drop/file-reader.ts';
import { createSweepStore } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Files of one tenant that came 8 days ago, each with the steps of a pair that surfaced. */
async function receive(tenantId: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await database.db.execute(
    `INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, blob_key, sent_by, modified_at,
                        receive_seq, received_at, classified_at, state, outcome_code, folder, call_key)
     SELECT $1, id, 'sftp', n || '.wav', n || '.wav', n::text, 'wav', 1, $1 || '/' || n, 'u', callbay_now(), n,
            callbay_now() - interval '8 days', callbay_now(), 'done', 'SURFACED', 'processed', 'stem:' || n
       FROM unnest($2::uuid[]) WITH ORDINALITY AS u(id, n)`,
    [tenantId, ids],
  );
  await database.db.execute(
    `INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     SELECT $1, id, callbay_now() - interval '8 days' + step * interval '1 second', 'step' || step, 'CODE', 'Told.',
            jsonb_build_object('n', step), CASE step WHEN 2 THEN 'linked ' || id ELSE gen_random_uuid()::text END
       FROM unnest($2::uuid[]) AS id, generate_series(1, 3) AS step`,
    [tenantId, ids],
  );
  return ids;
}

const sweeps = () => createSweepStore(database.db);
const stepsOf = async (tenantId: string, fileId: string, limit = 50) => {
  const reader = createFileReader(database.db);
  const pages = [];
  for (let cursor: string | undefined; ; ) {
    const query = ExplanationQuery.parse({ limit: String(limit), ...(cursor ? { cursor } : {}) });
    const page = await reader.explainFile(tenantId, fileId, query);
    pages.push(...(page?.steps ?? []));
    if (page?.nextCursor == null) return pages;
    cursor = page.nextCursor;
  }
};

test('a purge folds the steps of a file into one value, and its story reads as before, page by page', async () => {
  const tenantId = await makeTenant(database.db);
  const [fileId = ''] = await receive(tenantId, 2);
  const before = await stepsOf(tenantId, fileId);
  const found = await sweeps().findExpiredFiles(10);
  expect(await sweeps().purgeFiles(tenantId, found)).toHaveLength(2);
  expect(await database.db.query('SELECT FROM file_steps WHERE tenant_id = $1', [tenantId])).toEqual([]);
  const after = await stepsOf(tenantId, fileId);
  expect(after).toEqual([...before, expect.objectContaining({ step: 'purged', code: null, detail: {} })]);
  expect(await stepsOf(tenantId, fileId, 2)).toEqual(after);
  // What comes later still stands in the order of time.
  await database.db.execute(
    `INSERT INTO file_steps (tenant_id, file_id, at, step, message, dedupe) VALUES ($1, $2, callbay_now(), 'later', 'So.', 'later')`,
    [tenantId, fileId],
  );
  expect((await stepsOf(tenantId, fileId)).map(({ step }) => step)).toEqual([
    ...after.map(({ step }) => step),
    'later',
  ]);
});

test('of many files of a tenant, a purge takes as many statements as of one', async () => {
  const count = async (files: number): Promise<number> => {
    const tenantId = await makeTenant(database.db);
    await receive(tenantId, files);
    const found = (await sweeps().findExpiredFiles(1_000)).filter((file) => file.tenantId === tenantId);
    await using own = openDatabase({
      connectionString: database.connectionString,
      max: 1,
      applicationName: 'counting',
    });
    let statements = 0;
    const client = await own.pool.connect();
    const ask = client.query.bind(client);
    client.query = ((...args: Parameters<typeof ask>) => {
      statements += 1;
      return ask(...args);
    }) as typeof client.query;
    client.release();
    expect(await createSweepStore(own).purgeFiles(tenantId, found)).toHaveLength(files);
    return statements;
  };
  const [one, many] = [await count(1), await count(200)];
  expect(one).toBeGreaterThan(3);
  expect(many).toBe(one);
});

test('slices share all files, each is in one of them, and the halves of a pair are in the same', async () => {
  const tenantId = await makeTenant(database.db);
  const ids = await receive(tenantId, 100);
  const found = await Promise.all(
    [0, 1, 2, 3].map(async (nth) =>
      (await sweeps().findExpiredFiles(1_000, { slice: { nth, of: 4 } })).filter(
        (file) => file.tenantId === tenantId,
      ),
    ),
  );
  expect(
    found
      .flat()
      .map(({ fileId }) => fileId)
      .sort(),
  ).toEqual([...ids].sort());
  for (const slice of found) expect(slice.length).toBeGreaterThan(5);
});
