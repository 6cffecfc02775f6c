import { expect, test } from 'vitest';
import { crmOutcome, crmRefusal, crmWarnings, issue } from '../../src/index.ts';

const errorsOf = (count: number, code = 'METADATA_INVALID') =>
  Array.from({ length: count }, (_, n) => ({ line: n + 2, code, message: 'm' }));

const reading = {
  issues: [],
  rows: 10,
  written: 10,
  errors: [],
  errorCounts: {},
  warnings: [],
};

test('a file with one usable row is applied, and so is one without rows', () => {
  expect(crmRefusal({ ...reading, written: 1, errorCounts: { METADATA_INVALID: 9 } })).toBeNull();
  expect(crmRefusal({ ...reading, rows: 0, written: 0 })).toBeNull();
});

test.each([
  [{ METADATA_INVALID: 9, ROW_TOO_LARGE: 1 }, 'METADATA_INVALID'],
  [{ ROW_TOO_LARGE: 1, METADATA_INVALID: 9 }, 'ROW_TOO_LARGE'],
])('a file none of whose rows can be used, with %j, is rejected as %s', (errorCounts, code) => {
  expect(crmRefusal({ ...reading, written: 0, errorCounts })).toMatchObject({
    code,
    message: expect.stringContaining('None of the 10 rows'),
  });
});

test('a file that may not be used is rejected for its first issue', () => {
  const issues = [issue('DUPLICATE_HEADER', 'Id stands twice.', 'column 3'), issue('NO_CODE', 'second')];
  expect(crmRefusal({ ...reading, issues })).toMatchObject({
    code: 'DUPLICATE_HEADER',
    message: 'Id stands twice. (column 3) second',
  });
  expect(crmRefusal({ ...reading, issues: issues.toReversed() })?.code).toBe('METADATA_INVALID');
});

test('an outcome lists its counts, and asks for corrections only where rows had errors', () => {
  const counts = { rows: 3, new: 2, errors: 1 };
  expect(crmOutcome('contacts', counts)).toMatchObject({
    code: 'CRM_IMPORTED',
    message: expect.stringContaining('contacts: rows 3, new 2, errors 1.'),
    fix: expect.stringContaining('Correct the rows'),
  });
  expect(crmOutcome('contacts', { ...counts, errors: 0 }).fix).not.toContain('Correct');
});

test('the first hundred errors of rows are warnings, the others are counted', () => {
  const warnings = [issue('ENCODING', 'w')];
  const few = crmWarnings({
    ...reading,
    warnings,
    errors: errorsOf(2),
    errorCounts: { METADATA_INVALID: 2 },
  });
  expect(few.map(({ at }) => at)).toEqual([null, 'line 2', 'line 3']);
  const many = crmWarnings({ ...reading, errors: errorsOf(1000), errorCounts: { METADATA_INVALID: 1500 } });
  expect(many).toHaveLength(101);
  expect(many.at(-1)?.message).toBe('And 1400 more rows with errors.');
});
