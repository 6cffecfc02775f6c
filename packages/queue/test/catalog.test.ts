import { batchLimitMs } from '@callbay/ingestion';
import { expect, test } from 'vitest';
import { CATALOG } from '../src/index.ts';

const GIB = 2 ** 30;

test('the job that reads a batch has longer than the largest batch itself, with its fetching and hashing', () => {
  expect(CATALOG['tenant.read'].timeoutMs).toBeGreaterThan(batchLimitMs(2 * GIB) + 30 * 60_000);
});
