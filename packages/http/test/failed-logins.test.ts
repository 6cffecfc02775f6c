import { expect, test } from 'vitest';
import { FailedLogins } from '../src/auth/failed-logins.ts';

function failing(times: number, atMs = 0): FailedLogins {
  const logins = new FailedLogins();
  for (let index = 0; index < times; index += 1) logins.noteFailure('1.2.3.4', atMs);
  return logins;
}

test('the hundredth failure makes that address suspect, and no other', () => {
  expect(failing(99).isSuspect('1.2.3.4', 'd', 1)).toBe(false);
  expect(failing(100).isSuspect('1.2.3.4', 'd', 1)).toBe(true);
  expect(failing(100).isSuspect('1.2.3.5', 'd', 1)).toBe(false);
});

test('an address is suspect until a minute after its first failure', () => {
  const logins = failing(100);
  expect(logins.isSuspect('1.2.3.4', 'd', 59_999)).toBe(true);
  expect(logins.isSuspect('1.2.3.4', 'd', 60_000)).toBe(false);
  logins.noteFailure('1.2.3.4', 60_000);
  expect(logins.isSuspect('1.2.3.4', 'd', 60_001)).toBe(false);
});

test('a credential that was good in the last ten minutes is never suspect', () => {
  const logins = new FailedLogins();
  logins.noteSuccess('good', 0);
  for (let index = 0; index < 100; index += 1) logins.noteFailure('1.2.3.4', 599_000);
  expect(logins.isSuspect('1.2.3.4', 'good', 599_999)).toBe(false);
  expect(logins.isSuspect('1.2.3.4', 'good', 600_000)).toBe(true);
});

test('a flood of addresses forgets the oldest and keeps no more than 10,000', () => {
  const logins = failing(100);
  for (let index = 0; index < 10_000; index += 1) logins.noteFailure(`address ${index}`, 1);
  expect(logins.isSuspect('1.2.3.4', 'd', 2)).toBe(false);
});
