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

test('a call is found by each word of an e-mail address', () => {
  const content = {
    startedAt: null,
    endedAt: null,
    direction: 'inbound',
    user: 'rep@bright.test',
    durationSeconds: null,
    fields: { note: 'cc Jo <jo.doe+x@acme-east.test>' },
    raw: {},
    mappingVersion: 1,
    warnings: [],
  };
  const words = searchTextOf(content).split(' ');
  expect(words).toEqual(
    expect.arrayContaining(['rep@bright.test', 'rep', 'bright', 'jo', 'doe', 'acme', 'east']),
  );
});
