import { expect, test } from 'vitest';
import { sweepSpace } from '../src/index.ts';

const GIB = 2 ** 30;

async function noted(freeBytes: number | null, diskFloorBytes: number | null = null) {
  const calls: unknown[] = [];
  await sweepSpace({
    blobs: { readSpace: async () => (freeBytes === null ? null : { freeBytes, totalBytes: 100 * GIB }) },
    alerts: { noteShared: async (kind, detail) => void calls.push([kind, detail]) },
    log: { warn: () => {} },
    diskFloorBytes,
  });
  return calls;
}

test('a disk below twice its floor opens the alert, saying how much is free; above it is resolved', async () => {
  expect(await noted(3 * GIB)).toEqual([
    ['DISK_LOW', '3.0 GiB are free; below 2.0 GiB every upload is refused.'],
  ]);
  expect(await noted(4 * GIB)).toEqual([['DISK_LOW', null]]);
  expect(await noted(4 * GIB, 5 * GIB)).toEqual([
    ['DISK_LOW', '4.0 GiB are free; below 5.0 GiB every upload is refused.'],
  ]);
});

test('a store without a disk of its own has no such alert', async () => {
  expect(await noted(null)).toEqual([['DISK_LOW', null]]);
});
