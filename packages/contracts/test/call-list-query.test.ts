import { describe, expect, test } from 'vitest';
import { CallListQuery, encodeCursor } from '../src/index.ts';

describe('CallListQuery', () => {
  test('reads conditions on fields, dots in their names included', () => {
    const { fields } = CallListQuery.parse({
      'field.opportunity.amount.gte': '100',
      'field.stage': 'won',
      'field.amount.lt': '',
    });
    expect(fields).toEqual([
      { name: 'opportunity.amount', test: 'gte', value: '100' },
      { name: 'stage', test: 'equals', value: 'won' },
      { name: 'amount', test: 'lt', value: '' },
    ]);
  });

  test.each([
    ['an unknown parameter', { sort: 'asc' }, 'sort'],
    ['a field without a name', { 'field.': 'x' }, 'field.'],
    ['a condition given twice', { 'field.a': ['1', '2'] }, 'field.a'],
    ['a NUL in a value', { 'field.a': 'x\0' }, 'field.a'],
    ['a limit of 0', { limit: '0' }, 'limit'],
    ['a limit of 501', { limit: '501' }, 'limit'],
    ['a cursor that is none', { cursor: 'abc' }, 'cursor'],
    ['a cursor of another list', { cursor: encodeCursor('acme') }, 'cursor'],
    ['a time without an offset', { from: '2026-03-01T00:00:00' }, 'from'],
    ['a limit given twice', { limit: ['1', '2'] }, 'limit'],
  ])('refuses %s by name', (_title, query, at) => {
    const { error } = CallListQuery.safeParse(query);
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([at]);
  });

  test('takes a limit of 1 and of 500, and reads its own cursor back', () => {
    expect(CallListQuery.parse({ limit: '1' }).limit).toBe(1);
    expect(CallListQuery.parse({ limit: '500', cursor: encodeCursor(7) })).toMatchObject({
      limit: 500,
      cursor: 7,
    });
  });

  test('refuses more than 20 conditions', () => {
    const query = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`field.f${index}`, '1']));
    expect(CallListQuery.safeParse(query).success).toBe(false);
  });
});
