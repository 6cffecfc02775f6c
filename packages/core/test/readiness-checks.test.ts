import { expect, test } from 'vitest';
import { isReady, readinessChecks, rowsExample } from '../src/index.ts';

const GOOD = {
  timeZone: 'UTC',
  mappingVersion: 1,
  sftpUsers: 1,
  completeCalls: 1,
  rejected: 0,
  unpaired: 0,
};

test.each([
  ['timeZone', null, 'TIME_ZONE_SET', false],
  ['mappingVersion', null, 'MAPPING_PUBLISHED', false],
  ['sftpUsers', 0, 'SFTP_USER_EXISTS', true],
  ['completeCalls', 0, 'CALL_COMPLETE', true],
  ['rejected', 1, 'NOTHING_REJECTED', true],
  ['unpaired', 1, 'NOTHING_UNPAIRED', true],
])('a tenant with %s %s fails %s; ready all the same: %s', (count, value, code, ready) => {
  const checks = readinessChecks({ ...GOOD, [count]: value });
  expect(checks.filter(({ ok }) => !ok).map((check) => check.code)).toEqual([code]);
  expect(isReady(checks)).toBe(ready);
});

test('a tenant with nothing amiss passes every check', () => {
  expect(readinessChecks(GOOD).every(({ ok }) => ok)).toBe(true);
});

test('a batch is an example with its number of rows', () => {
  expect([rowsExample('a.csv', 1), rowsExample('a.csv', 2)]).toEqual(['a.csv: 1 row', 'a.csv: 2 rows']);
});
