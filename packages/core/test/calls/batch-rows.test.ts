import { expect, test } from 'vitest';
import { COACH_MINIMUM, isOutcomeCode, stateOf } from '../../src/index.ts';
import { fields, HOUR, scenario } from './scenario.ts';
import { World } from './world.ts';

const named = (filename: string, change: Record<string, string> = {}) => fields({ filename, ...change });
const withFile = {
  fields: [...COACH_MINIMUM.fields, { source: 'file', target: 'filename', type: 'string' as const }],
  options: {},
};

test('a row that ended unpaired says nothing of the other rows of its batch', () => {
  const sent = scenario().batch('day.csv', [named('b.wav'), named('a.wav')]);
  // It makes the calls of both names share their facts.
  sent.json('a.json', named('b.mp3')).change(1, { isPurgedUnpaired: true });
  const verdicts = sent.decide().call('b').verdicts;
  expect(verdicts.filter(({ fileId }) => fileId === '0:day.csv').map(({ row }) => row)).toEqual([1]);
});

test('rows that a new mapping moves to one call together are taken in the order of the batch', () => {
  const sent = scenario().media('a.wav');
  const rows = ['1', '2', '3'].map((stage) => fields({ filename: '', file: 'a.wav', stage }));
  const world = Object.assign(new World(), { sent });
  sent.batch('day.csv', rows);
  world.work();
  world.adopt({ mapping: withFile });
  world.work();
  expect([1, 2, 3].map((index) => world.codeOf(index))).toEqual(['SURFACED', 'SUPERSEDED', 'UPDATED']);
});

test.each(Array.from({ length: 16 }, (_, n) => n))(
  'a file that has ended and left the drop is not held again by a new mapping (worked after %i)',
  (worked) => {
    const world = new World();
    const acts = [
      () => world.sent.json('a.xml', fields({ email: '' })),
      () => world.sent.json('a.json', fields({ file: 'b.mp3' })),
      () => world.sent.json('a.json', null),
      () => world.adopt({ mapping: withFile }),
    ];
    for (const [n, act] of acts.entries()) {
      act();
      if (worked & (1 << n)) world.work();
    }
    world.wait(8 * 24 * HOUR);
    world.work();
    for (const index of [0, 1, 2])
      expect(['held', 'received']).not.toContain(stateOfCode(world.codeOf(index)));
  },
);

const stateOfCode = (code: string): string => (isOutcomeCode(code) ? stateOf(code) : code);
