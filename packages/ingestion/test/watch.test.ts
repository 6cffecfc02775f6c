import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WatchedSweep } from '../src/index.ts';
import { startWatch } from '../src/sweeps/watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A watch over sweeps that find what `waiting` holds, and the seconds in which it asked. */
function watchOver(waiting: readonly WatchedSweep[] = []) {
  const asked: number[] = [];
  const swept: WatchedSweep[] = [];
  const startedMs = Date.now();
  const findWaiting = async (): Promise<WatchedSweep[]> => {
    asked.push((Date.now() - startedMs) / 1_000);
    return [...waiting];
  };
  const watch = startWatch({ sweeps: { findWaiting }, log }, async (name) => void swept.push(name));
  return { watch, asked, swept };
}

test('where nothing waits the question is asked every 4 seconds, after a second and two', async () => {
  const { watch, asked } = watchOver();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(asked).toEqual([0, 2, 6, 10, 14]);
  await watch.stop();
});

test('while something waits the question is asked every second, and each sweep runs', async () => {
  const { watch, asked, swept } = watchOver(['due-calls', 'batches']);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked).toEqual([0, 1, 2]);
  expect(swept).toEqual(Array(3).fill(['due-calls', 'batches']).flat());
  await watch.stop();
});

test('a sleeping watch that is stirred asks within a second, and again every second while it is stirred', async () => {
  const { watch, asked } = watchOver();
  await vi.advanceTimersByTimeAsync(6_500);
  watch.stir();
  watch.stir();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toEqual([0, 2, 6, 7.5]);
  watch.stir();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked).toEqual([0, 2, 6, 7.5, 8.5]);
  await watch.stop();
  watch.stir();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveLength(5);
});
