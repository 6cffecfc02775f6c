import { insertHistory } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BacklogBench, type PairCosts, startBacklogBench } from './backlog.ts';

const PAIRS = 400;
const HISTORY_FILES = 2_000;

/**
 * What a pair of a backlog may cost, received and surfaced, the queue in Postgres included: a little more than what was
 * counted. Counts hold on a busy machine, where times do not.
 */
const LIMITS = {
  statements: 4,
  commits: 4,
  walBytes: 17 * 1_024,
  buffers: 420,
};
/** How much dearer a pair may be with ten times the history: indexes are a level deeper. */
const GROWTH_LIMIT = 1.25;
/**
 * Rows of a pair's own and of what it shares a group with. One more scan of the history for each group would be some 150
 * rows a pair. A short history is rightly read as a whole.
 */
const ROWS_READ_LIMIT = 80;

let bench: BacklogBench;
let short: PairCosts;
let long: PairCosts;

beforeAll(async () => {
  bench = await startBacklogBench();
  // The pair that history is copied from, and plans of connections that know the tables.
  await bench.measure(10);
  await insertHistory(bench.probe, bench.tenantId, HISTORY_FILES);
  short = await bench.measure(PAIRS);
  await insertHistory(bench.probe, bench.tenantId, 10 * HISTORY_FILES);
  long = await bench.measure(PAIRS);
}, 180_000);

afterAll(() => bench[Symbol.asyncDispose]());

test.for(Object.keys(LIMITS) as (keyof typeof LIMITS)[])(
  'the %s of a pair stay under their limit',
  (name) => {
    expect(short[name]).toBeLessThanOrEqual(LIMITS[name]);
    expect(long[name]).toBeLessThanOrEqual(LIMITS[name]);
  },
);

test('every statement that runs for pairs is prepared', () => {
  expect([...long.unnamed.keys()]).toEqual([]);
});

test('a pair reads no more where the tenant has ten times the history', () => {
  expect(long.buffers).toBeLessThanOrEqual(short.buffers * GROWTH_LIMIT);
  expect(long.rowsRead).toBeLessThanOrEqual(ROWS_READ_LIMIT);
});
