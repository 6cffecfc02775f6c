import { expect, test } from 'vitest';
import { diskFloorBytes, judgeSpace } from '../../src/index.ts';

const GIB = 2 ** 30;

test.each([
  [100 * GIB, null, 2 * GIB],
  [20 * GIB, null, 2 * GIB],
  [10 * GIB, null, GIB],
  [100 * GIB, 5 * GIB, 5 * GIB],
  [100 * GIB, 0, 0],
])('of a disk of %d bytes with %d set, %d must stay free', (total, set, floor) => {
  expect(diskFloorBytes(total, set)).toBe(floor);
});

test.each([
  [4 * GIB, 'ok'],
  [4 * GIB - 1, 'low'],
  [2 * GIB, 'low'],
  [2 * GIB - 1, 'full'],
  [0, 'full'],
])('%d free bytes of a large disk are judged %s', (freeBytes, judged) => {
  expect(judgeSpace({ freeBytes, totalBytes: 100 * GIB }, null)).toBe(judged);
});

test('without a floor a disk is never judged low', () => {
  expect(judgeSpace({ freeBytes: 0, totalBytes: GIB }, 0)).toBe('ok');
});
