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
  expect(slots.next()).toEqual(['acme']);
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
  expect(slots.next()).toEqual(['gone']);
  expect(slots.take('busy')).toBe(null);
  nowMs = 5_000;
  expect(slots.next()).toEqual(['busy']);
  expect(slots.take('busy')).not.toBe(null);
});

test('a short file never waits for a long one, and takes no place of one', () => {
  const slots = createReadSlots({ total: 1 });
  const importer = slots.take('importer');
  const short = slots.take('acme', { isShort: true });
  expect(short).not.toBe(null);
  expect(slots.take('other', { isShort: true })).toBe(null);
  importer?.[Symbol.dispose]();
  expect(slots.take('long')).not.toBe(null);
  short?.[Symbol.dispose]();
  expect(slots.next()).toEqual(['other']);
});

test('a tenant that reads a long file gets no place for a short one: both jobs would read the first', () => {
  const slots = createReadSlots({ total: 2 });
  const long = slots.take('acme');
  expect(slots.take('acme', { isShort: true })).toBe(null);
  long?.[Symbol.dispose]();
  expect(slots.next()).toEqual(['acme']);
  // It stands in one line, that of its next file.
  expect(slots.take('acme')).not.toBe(null);
  expect(slots.next()).toEqual([]);
});
