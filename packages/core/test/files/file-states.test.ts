import { expect, test } from 'vitest';
import { folderOf, isIncomplete, OUTCOME_TABLE, STEP_SENTENCES } from '../../src/index.ts';

test('done files show as processed, rejected ones as rejected, all others where they were put', () => {
  const states = ['received', 'held', 'withdrawn', 'done', 'rejected'] as const;
  expect(states.map(folderOf)).toEqual(['data', 'data', 'data', 'processed', 'rejected']);
});

test('what is open and part of no complete call is incomplete', () => {
  expect(isIncomplete('received', null)).toBe(true);
  for (const [code, { state }] of Object.entries(OUTCOME_TABLE)) {
    const isWhole = code === 'READY' || code === 'CRM_PENDING';
    expect([code, isIncomplete(state, code)]).toEqual([code, state === 'held' && !isWhole]);
  }
});

test('the explanation of a purge names the days of the drop retention', () => {
  expect(STEP_SENTENCES.purged).toBe('The file left the drop after 7 days.');
});
