import { expect, test } from 'vitest';
import { takeBytes } from '../src/classify/read-group.ts';

const MIB = 1024 * 1024;

const files = (ext: string, sizes: readonly number[]) =>
  sizes.map((sizeBytes, n) => ({
    fileId: `${n}`,
    name: `call-${n}.${ext}`,
    stem: `call-${n}`,
    sizeBytes,
    blobKey: `acme/${n}`,
    rereads: 0,
    failures: 0,
    earlierSizes: [],
  }));

test('a group holds 64 MiB of recordings', () => {
  expect(takeBytes(files('wav', Array(200).fill(MIB)))).toHaveLength(64);
  expect(takeBytes(files('wav', [...Array(63).fill(MIB), MIB, 1]))).toHaveLength(64);
});

test('a group holds 4 MiB of metadata, which is held in memory', () => {
  expect(takeBytes(files('json', Array(200).fill(MIB)))).toHaveLength(4);
  const mixed = [...files('wav', [16 * MIB]), ...files('json', [3 * MIB, MIB, 1])];
  expect(takeBytes(mixed)).toHaveLength(3);
});

test('the first file goes whatever its size, and small files go together', () => {
  expect(takeBytes(files('json', [8 * MIB, 1]))).toHaveLength(1);
  expect(takeBytes(files('json', Array(200).fill(300)))).toHaveLength(200);
  expect(takeBytes([])).toEqual([]);
});
