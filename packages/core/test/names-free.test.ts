import { expect, test } from 'vitest';
import { freeName } from '../src/index.ts';

test.each([
  ['a.wav', [], 'a.wav'],
  ['a.wav', ['b.wav'], 'a.wav'],
  ['a.wav', ['a.wav'], 'a~2.wav'],
  ['a.wav', ['a.wav', 'a~2.wav', 'a~4.wav'], 'a~3.wav'],
  ['a~2.wav', ['a~2.wav'], 'a~2~2.wav'],
  ['a.b.wav', ['a.b.wav'], 'a.b~2.wav'],
  ['README', ['README'], 'README~2'],
  ['.hidden', ['.hidden'], '.hidden~2'],
  ['%_.wav', ['%_.wav'], '%_~2.wav'],
])('case 54: %s beside %j shows as %s', (name, taken, shown) => {
  expect(freeName(name, new Set(taken))).toBe(shown);
});
