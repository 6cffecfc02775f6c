import { expect, test } from 'vitest';
import { casesOfTitle, readCases } from '../../scripts/case-titles.ts';

test.each([
  ['case 17: a title', [17]],
  ['case 17, 18: a title', [17, 18]],
  ['case 1–3, 9: a title', [1, 2, 3, 9]],
  ['a title about case 17: none', []],
  ['a title', []],
])('%s claims %j', (title, numbers) => {
  expect(casesOfTitle(title)).toEqual(numbers);
});

test('cases are the numbered lines', () => {
  expect(readCases('# Head\n\n1. One.\n\n22. Two.\n')).toEqual(
    new Map([
      [1, 'One.'],
      [22, 'Two.'],
    ]),
  );
});
