import { expect, test } from 'vitest';
import { createImportSlots } from '../src/index.ts';

test('case 83: a tenant has one import at a time, and all together have so many', () => {
  const slots = createImportSlots({ total: 2 });
  const first = slots.take('acme');
  expect(first).not.toBe(null);
  expect(slots.take('acme')).toBe(null);
  expect(slots.take('acme2')).not.toBe(null);
  expect(slots.take('other')).toBe(null);
  first?.[Symbol.dispose]();
  expect(slots.take('other')).not.toBe(null);
  expect(slots.take('acme')).toBe(null);
});
