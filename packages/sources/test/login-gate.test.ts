import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../src/sftp/limits.ts';
import { createLoginGate, networkOf } from '../src/sftp/login-gate.ts';

const LIMITS = { ...DEFAULT_LIMITS, preLogin: { busy: 4, full: 6, silentMs: 100, slowMs: 1_000 } };

function openGate() {
  let elapsedMs = 0;
  const gate = createLoginGate(LIMITS, () => elapsedMs);
  const closed: string[] = [];
  const silent = new Set<string>();
  return {
    gate,
    closed,
    silent,
    wait: (ms: number) => {
      elapsedMs += ms;
    },
    admit: (address: string, name: string) =>
      gate.admit(address, { isSilent: () => silent.has(name), close: () => closed.push(name) }),
  };
}

test('nobody is refused or closed while there is room', () => {
  const { gate, closed, admit } = openGate();
  for (let index = 0; index < 6; index += 1) expect(admit('10.0.0.1', `${index}`)).not.toBeNull();
  expect([gate.count(), closed]).toEqual([6, []]);
});

test('when all places are taken, the network that holds most of them loses one to a newcomer', () => {
  const { gate, closed, admit } = openGate();
  for (const name of ['a', 'b']) admit('10.0.0.2', name);
  for (const name of ['c', 'd', 'e', 'f']) admit('10.0.0.1', name);
  expect(admit('10.0.0.3', 'g')).not.toBeNull();
  expect(closed).toEqual(['f']);
  expect(admit('10.0.0.1', 'h')).toBeNull();
  expect(gate.count()).toBe(6);
});

test('of networks that hold the same, none loses a place to a newcomer that would hold as many', () => {
  const { closed, admit } = openGate();
  for (let index = 0; index < 6; index += 1) admit(`10.0.0.${index}`, `${index}`);
  expect(admit('10.0.1.1', 'late')).toBeNull();
  expect(closed).toEqual([]);
});

test('who takes long to log in gives the place to another first, the oldest before the others', () => {
  const { closed, admit, wait } = openGate();
  admit('10.0.0.1', 'old');
  wait(500);
  for (let index = 0; index < 5; index += 1) admit(`10.0.1.${index}`, `${index}`);
  wait(501);
  expect(admit('10.0.2.1', 'late')).not.toBeNull();
  expect(closed).toEqual(['old']);
});

test('silent clients are closed as soon as many are pending, and not before', () => {
  const { gate, closed, admit, silent } = openGate();
  silent.add('0').add('1');
  for (let index = 0; index < 4; index += 1) admit('10.0.0.1', `${index}`);
  expect(closed).toEqual([]);
  admit('10.0.0.2', 'x');
  expect(closed).toEqual(['0', '1']);
  expect(gate.count()).toBe(3);
});

test('a connection that logged in or is gone holds no place, however often that is said', () => {
  const { gate, admit } = openGate();
  const release = admit('10.0.0.1', 'a');
  admit('10.0.0.1', 'b');
  release?.();
  release?.();
  expect(gate.count()).toBe(1);
});

test('an IPv6 host counts by its /64, an IPv4 address by itself, also where it is written as IPv6', () => {
  expect(networkOf('2001:db8:1:2:3::4')).toBe(networkOf('2001:db8:1:2:ffff::1'));
  expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:1:3::1'));
  expect(networkOf('::ffff:10.0.0.1')).toBe(networkOf('10.0.0.1'));
  expect(networkOf('10.0.0.1')).not.toBe(networkOf('10.0.0.2'));
});
