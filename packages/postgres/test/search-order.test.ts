import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { searchCalls } from '../src/calls/call-search.ts';
import { transact } from '../src/database/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const ANY = {
  limit: 50,
  cursor: undefined,
  q: undefined,
  from: undefined,
  to: undefined,
  fields: [],
} as const;

test.each([
  ['callId', 'asc', undefined],
  ['callId', 'desc', undefined],
  ['changeSeq', 'asc', 0],
  ['startedAt', 'desc', undefined],
] as const)('calls are walked by the index of their order: %s %s', async (key, order, changedAfter) => {
  const {
    conditions,
    order: by,
    values,
  } = searchCalls('acme', { ...ANY, key, order, changedAfter } as never);
  const plan = await transact(database.db, async (tx) => {
    for (const way of ['seqscan', 'bitmapscan']) await tx.execute(`SET LOCAL enable_${way} = off`);
    return tx.query<Record<string, string>>(
      `EXPLAIN (COSTS OFF) SELECT call_id FROM calls WHERE ${conditions} ORDER BY ${by} LIMIT 50`,
      values,
    );
  });
  const lines = plan.map((row) => row['QUERY PLAN']);
  expect(lines.join('\n')).toMatch(/Index (Only )?Scan/);
  expect(lines.join('\n')).not.toMatch(/Sort/);
});
