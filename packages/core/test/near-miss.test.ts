import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scoreNearMiss } from '../src/calls/near-miss.ts';

const table: [string, string, string, number | null][] = [
  ['the same stem is no miss', '20260301-093000_in_joe', '20260301-093000_in_joe', null],
  ['the same stem in NFC and NFD is no miss', 'Zo\u00eb-call', 'Zoe\u0308-call', null],
  ['case only', '20260301-093000_in_Joe', '20260301-093000_in_joe', 0.95],
  ['the recording’s extension in the name of the metadata', 'x.wav', 'x', 0.97],
  ['an extension twice', 'call.mp3', 'call', 0.97],
  ['a word that is no extension of recordings', 'x.doc', 'x', null],
  ['a space added', '20260301-093000_in_joe x', '20260301-093000_in_joex', 0.9],
  ['an underscore for a dash', '20260301-093000_in-joe', '20260301-093000_in_joe', 0.9],
  ['one character put in', '20260301-093000_in_joe', '20260301-093000_in_joee', 0.85],
  ['one character changed', '20260301-093000_in_joe', '20260301-093000_in_joa', 0.85],
  ['two neighbours swapped', '20260301-093000_in_joe', '20260301-093000_in_jeo', 0.85],
  ['one second apart in the name is one character', '20260301-093000_in_joe', '20260301-093001_in_joe', 0.85],
  ['the same time with another user', '20260301-093000_in_joe', '20260301-093000_in_baducci', 0.7],
  ['an unconfigured source prefix', 'ringcentral_BXyT30eVTWlZjUA', 'BXyT30eVTWlZjUA', 0.65],
  ['the same user 90 seconds apart', '20260301-093000_in_joe', '20260301-093130_in_joe', 0.6],
  ['exactly 300 seconds apart', '20260301-095857_in_joe', '20260301-100357_in_joe', 0.6],
  ['301 seconds apart', '20260301-095856_in_joe', '20260301-100357_in_joe', null],
  ['two characters changed', 'call-alpha-9', 'call-altha-8', 0.55],
  ['three characters changed', 'call-alpha-9', 'coll-altha-8', null],
  ['short stems are near by chance', 'a1', 'a2', null],
  ['strangers', '20260301-093000_in_joe', '20260415-171200_out_kim', null],
  ['nothing but punctuation', '--', '__', null],
];

describe('scoreNearMiss', () => {
  test.each(table)('%s', (_title, a, b, score) => {
    expect(scoreNearMiss(a, b)?.score ?? null).toBe(score);
  });

  test('is symmetric, within bounds, and says why, whatever the names', () => {
    const stem = fc.oneof(
      fc.string({ maxLength: 24 }),
      fc.stringMatching(/^2026030[1-3]-0930\d\d_(in|out)_jo?e$/),
    );
    fc.assert(
      fc.property(stem, stem, (a, b) => {
        const [there, back] = [scoreNearMiss(a, b), scoreNearMiss(b, a)];
        expect(there).toEqual(back);
        if (there !== null) {
          expect(there.score).toBeGreaterThan(0);
          expect(there.score).toBeLessThan(1);
          expect(there.why).not.toBe('');
        }
      }),
    );
  });
});
