import { expect, test } from 'vitest';
import { DRAIN_MS } from '../src/index.ts';

/** For what comes after the part that waits: the other steps, the exit itself. */
const MARGIN_MS = 5_000;

test('each part waits longer for the one inside it than that one may take', () => {
  const { work, process, supervisor, installation } = DRAIN_MS;
  expect(process - work).toBeGreaterThanOrEqual(MARGIN_MS);
  expect(supervisor - process).toBeGreaterThanOrEqual(MARGIN_MS);
  // Postgres stops after all processes, in 30 s at most before it is forced.
  expect(installation - supervisor - 30_000).toBeGreaterThanOrEqual(MARGIN_MS);
});
