import { describe, expect, test } from 'vitest';
import { type FieldType, readCondition, readWords, type SearchTest } from '../src/index.ts';

const read = (type: FieldType | null, sought: SearchTest, value: string) =>
  readCondition({ name: 'f', test: sought, value }, type, 'GB');

describe('a condition is read by the type of its field', () => {
  test.each([
    ['number', '0900.0', [900, '0900.0']],
    ['number', '12345678901234567890', ['12345678901234567890']],
    ['boolean', 'true', [true, 'true']],
    ['duration', '1:05', [65, '1:05']],
    ['instant', '2026-03-01T10:30:00+01:00', ['2026-03-01T09:30:00.000Z']],
    ['phone', '020 7946 0000', ['+442079460000', '020 7946 0000']],
    ['phone', ' 442079460000', ['+442079460000', ' 442079460000']],
    ['phone', 'anonymous', ['anonymous']],
    ['string', '007', ['007']],
    ['id', 'true', ['true']],
    [null, '0042', ['0042', 42]],
    [null, 'false', ['false', false]],
    [null, 'x', ['x']],
  ] as const)('%s = %s', (type, value, values) => {
    expect(read(type, 'equals', value)).toEqual({ kind: 'equals', name: 'f', values });
  });

  test.each([
    ['number', '1,200.50', 'number', '1200.5'],
    ['duration', 'PT2M', 'number', '120'],
    ['instant', '2026-03-01T10:30:00+01:00', 'text', '2026-03-01T09:30:00.000Z'],
    ['id', '10', 'text', '10'],
    ['phone', '+44', 'text', '+44'],
    [null, '10', 'either', '10'],
  ] as const)('%s >= %s', (type, value, as, bound) => {
    expect(read(type, 'gte', value)).toEqual({ kind: 'range', name: 'f', test: 'gte', as, value: bound });
  });

  test.each([
    ['number', 'equals', 'many', 'field.f'],
    ['number', 'lt', '', 'field.f.lt'],
    ['duration', 'equals', 'long', 'field.f'],
    ['instant', 'gte', '2026-03-01', 'field.f.gte'],
    ['instant', 'gte', '2026-13-01T00:00:00Z', 'field.f.gte'],
    ['boolean', 'equals', '1', 'field.f'],
    ['boolean', 'gte', 'true', 'field.f.gte'],
  ] as const)('%s %s %j is refused by name', (type, sought, value, at) => {
    expect(read(type, sought, value)).toMatchObject({ code: 'TYPE_MISMATCH', at });
  });
});

describe('readWords', () => {
  test.each([
    ['won back', 'won back', []],
    ['joh*', '', [{ text: 'joh', isExcluded: false }]],
    ['won -joh* "a phr*"', 'won "a phr*"', [{ text: 'joh', isExcluded: true }]],
    ['* -* a*b', '* -* a*b', []],
    ['"open joh*', '"open joh*', []],
  ])('%s', (q, web, beginnings) => {
    expect(readWords(q)).toEqual({ web, beginnings });
  });

  test('takes ten beginnings and no more', () => {
    expect(readWords('a* '.repeat(11)).beginnings).toHaveLength(10);
  });
});
