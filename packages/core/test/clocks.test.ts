import { describe, expect, test } from 'vitest';
import { judgeClocks, nextBaseline } from '../src/index.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-03-02T12:00:00.000Z');
const reading = { hostMs: NOW, databaseMs: NOW, wallElapsedMs: MINUTE, monotonicElapsedMs: MINUTE };

describe('case 57: clocks disagree', () => {
  test.each([
    ['host five minutes ahead of the database', { hostMs: NOW + 5 * MINUTE }, false],
    ['a millisecond more', { hostMs: NOW + 5 * MINUTE + 1 }, true],
    ['or behind', { hostMs: NOW - 5 * MINUTE - 1 }, true],
    ['wall an hour ahead of monotonic', { wallElapsedMs: HOUR + MINUTE }, false],
    ['a millisecond more', { wallElapsedMs: HOUR + MINUTE + 1 }, true],
    ['or behind', { wallElapsedMs: MINUTE - HOUR - 1 }, true],
  ])('%s', (_what, change, disagree) => {
    expect(judgeClocks({ ...reading, ...change }) !== null).toBe(disagree);
  });
});

describe('case 57: a jump of the wall clock stays in sight', () => {
  const start = { wallMs: NOW, monotonicMs: 1000, doubtedSinceMs: null };
  const after = (ms: number, jumpMs: number) => ({ wallMs: NOW + ms + jumpMs, monotonicMs: 1000 + ms });
  const JUMP = 365 * 24 * HOUR;

  test('clocks that agree are compared from the last sweep', () => {
    expect(nextBaseline(start, after(MINUTE, HOUR))).toEqual({
      ...after(MINUTE, HOUR),
      doubtedSinceMs: null,
    });
  });

  test('sweep after sweep, and until a day is over', () => {
    let baseline = nextBaseline(start, after(MINUTE, JUMP));
    expect(baseline).toEqual({ ...start, doubtedSinceMs: 1000 + MINUTE });
    baseline = nextBaseline(baseline, after(24 * HOUR + MINUTE - 1, JUMP));
    expect(baseline.wallMs).toBe(start.wallMs);
    baseline = nextBaseline(baseline, after(24 * HOUR + MINUTE, JUMP));
    expect(baseline).toEqual({ ...after(24 * HOUR + MINUTE, JUMP), doubtedSinceMs: null });
  });

  test('or until the clock comes back', () => {
    const doubted = nextBaseline(start, after(MINUTE, JUMP));
    expect(nextBaseline(doubted, after(2 * MINUTE, 0))).toEqual({
      ...after(2 * MINUTE, 0),
      doubtedSinceMs: null,
    });
  });

  test('a sweep that comes first after two days sees the jump all the same', () => {
    expect(nextBaseline(start, after(48 * HOUR, JUMP)).wallMs).toBe(start.wallMs);
  });
});
