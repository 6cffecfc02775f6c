import { expect, test } from 'vitest';
import { searchTextOf } from '../src/index.ts';

test('the text that a call is found by is cut to text that the database can hold', () => {
  const content = {
    startedAt: null,
    endedAt: null,
    direction: null,
    user: `${'x'.repeat(199_999)}\u{1f600}`,
    durationSeconds: null,
    fields: {},
    raw: {},
    mappingVersion: 1,
    warnings: [],
  };
  expect(searchTextOf(content).isWellFormed()).toBe(true);
  expect(searchTextOf(content)).toHaveLength(200_000);
});
