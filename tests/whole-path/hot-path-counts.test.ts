import { insertHistory } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BacklogBench, type PairCosts, startBacklogBench } from './backlog.ts';

const PAIRS = 200;
const HISTORY_FILES = 1_000;

/**
 * What a pair of a backlog may cost, received and surfaced, the queue in Postgres included: a little more than what was
 * counted. Counts hold on a busy machine, where times do not. The aims are 8 statements, 5 commits, 16 KiB of WAL and 550
 * buffers.
 */
const LIMITS = {
  statements: 75,
  commits: 23,
  walBytes: 34 * 1_024,
  buffers: 3_000,
  rowsRead: 8_000,
};
/** Statements that are planned anew each time they run. The aim is none. */
const UNNAMED_LIMIT = 9;
/** How much dearer a pair may be with ten times the history: indexes are a level deeper. The aim is 1.2. */
const GROWTH_LIMIT = 2.6;
/** Below this, rows differ by how the work falls together. */
const ROWS_TOLERANCE = 100;
const BUFFERS_TOLERANCE = 550;

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

test('every statement that runs for each pair is prepared', () => {
  const often = [...long.unnamed].filter(([, count]) => count >= PAIRS / 2).map(([text]) => text);
  expect(often.length, often.join('\n')).toBeLessThanOrEqual(UNNAMED_LIMIT);
});

test('a pair reads no more rows and buffers where the tenant has ten times the history', () => {
  expect(long.buffers).toBeLessThanOrEqual(Math.max(0, short.buffers) * GROWTH_LIMIT + BUFFERS_TOLERANCE);
  expect(long.rowsRead).toBeLessThanOrEqual(short.rowsRead * GROWTH_LIMIT + ROWS_TOLERANCE);
});
