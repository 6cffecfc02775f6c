import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFile, startApi, type TestApi } from './support.ts';

const ROWS = 7;

let api: TestApi;
let batch: string;
let recording: string;

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  recording = await makeFile(api.db, 'acme', { name: 'a.wav' });
  batch = await makeFile(api.db, 'acme', {
    name: 'day.csv',
    kind: 'batch',
    state: 'done',
    code: 'BATCH_DONE',
  });
  // Every third row waits, the others are calls.
  await api.db.execute(
    `INSERT INTO call_records (tenant_id, file_id, row, line, stem, named_stem, is_batch_row, state, outcome_code, outcome_message)
     SELECT 'acme', $1, n, n + 1, 's' || n, 's' || n, TRUE, CASE WHEN n % 3 = 0 THEN 'held' ELSE 'done' END,
            CASE WHEN n % 3 = 0 THEN 'NO_RECORDING' ELSE 'SURFACED' END, 'A sentence.'
       FROM generate_series(1, $2::int) n`,
    [batch, ROWS],
  );
  await api.db.execute(
    `INSERT INTO calls (tenant_id, call_key, status, call_id) SELECT 'acme', 'stem:s' || n, 'surfaced', n
       FROM generate_series(1, $1::int) n WHERE n % 3 <> 0`,
    [ROWS],
  );
});

afterAll(() => api[Symbol.asyncDispose]());

async function rowsOf(query: string): Promise<{ rows: number[]; nextCursor: string | null }> {
  const { status, body } = await api.ask(`GET /v1/tenants/acme/files/${batch}/rows${query}`);
  expect(status).toBe(200);
  return { rows: body.items.map(({ row }: { row: number }) => row), nextCursor: body.nextCursor };
}

test('each row of a batch tells where it stands, what became of it and which call it is', async () => {
  const { body } = await api.ask(`GET /v1/tenants/acme/files/${batch}/rows?limit=3`);
  expect(body.items).toEqual([
    {
      row: 1,
      line: 2,
      state: 'done',
      code: 'SURFACED',
      message: 'A sentence.',
      callKey: 'stem:s1',
      callId: 1,
    },
    {
      row: 2,
      line: 3,
      state: 'done',
      code: 'SURFACED',
      message: 'A sentence.',
      callKey: 'stem:s2',
      callId: 2,
    },
    {
      row: 3,
      line: 4,
      state: 'held',
      code: 'NO_RECORDING',
      message: 'A sentence.',
      callKey: null,
      callId: null,
    },
  ]);
});

test('pages of rows go on where the last one ended, and every row stands on one of them', async () => {
  const seen: number[] = [];
  for (let query = '?limit=3'; ; ) {
    const { rows, nextCursor } = await rowsOf(query);
    seen.push(...rows);
    if (nextCursor === null) break;
    expect(rows).toHaveLength(3);
    query = `?limit=3&cursor=${nextCursor}`;
  }
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('rows are found by state and by code', async () => {
  expect((await rowsOf('?state=held')).rows).toEqual([3, 6]);
  expect((await rowsOf('?code=SURFACED&limit=2')).rows).toEqual([1, 2]);
  expect((await rowsOf('?state=held&code=SURFACED')).rows).toEqual([]);
});

test('a file that is no batch has no rows, and what is no file is not found', async () => {
  const none = await api.ask(`GET /v1/tenants/acme/files/${recording}/rows`);
  expect(none.body).toEqual({ items: [], nextCursor: null });
  expect((await api.ask(`GET /v1/tenants/acme/files/${randomUUID()}/rows`)).status).toBe(404);
});

test.each(['limit=501', 'cursor=%22', 'state=lost', 'rows=1'])('%s is refused', async (query) => {
  const { status } = await api.ask(`GET /v1/tenants/acme/files/${batch}/rows?${query}`);
  expect(status).toBe(400);
});
