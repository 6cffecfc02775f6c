import { expect, test } from 'vitest';
import { createReadSlots } from '../src/index.ts';

test('tenants get places in the order in which they asked, however often others ask', () => {
  const slots = createReadSlots({ total: 1 });
  let held = slots.take('busy');
  expect(slots.take('first')).toBe(null);
  expect(slots.take('second')).toBe(null);
  const served: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    held?.[Symbol.dispose]();
    // The busy tenant always asks before the others do.
    const next = ['busy', 'second', 'first'].find((tenantId) => {
      held = slots.take(tenantId);
      return held !== null;
    });
    served.push(`${next}`);
  }
  expect(served).toEqual(['first', 'second', 'busy']);
});

test('a tenant has one place at a time, so that no two jobs of a process read one file', () => {
  const slots = createReadSlots({ total: 2 });
  const first = slots.take('acme');
  expect(slots.take('acme')).toBe(null);
  expect(slots.take('other')).not.toBe(null);
  first?.[Symbol.dispose]();
  expect(slots.next()).toBe('acme');
  expect(slots.take('acme')).not.toBe(null);
});

test('a tenant that asks no more loses its place in line after 5 seconds, and one that leaves at once', () => {
  let nowMs = 0;
  const slots = createReadSlots({ total: 1, nowMs: () => nowMs });
  const held = slots.take('busy');
  slots.take('gone');
  slots.take('left');
  slots.leave('left');
  nowMs = 4_999;
  held?.[Symbol.dispose]();
  expect(slots.next()).toBe('gone');
  expect(slots.take('busy')).toBe(null);
  nowMs = 5_000;
  expect(slots.next()).toBe('busy');
  expect(slots.take('busy')).not.toBe(null);
});
