import { describe, expect, test } from 'vitest';
import { addDays, dayOf, formatOffset, judgeHours, judgeSkew, rangeOfDay } from '../src/index.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** So many calls at each of these hours, over so many days. */
const times = (hours: readonly number[], each: number, days = 3) =>
  hours.flatMap((hour) =>
    Array.from({ length: each }, (_, index) => ({ day: `2026-03-0${1 + (index % days)}`, hour })),
  );

describe('case 65: no hour past 12 over many calls is suspected to be a 12-hour clock', () => {
  const afternoonsToo = [8, 9, 10, 11, 12, 1, 2, 3, 4, 5];
  test.each([
    ['a working day written 8 to 12 and 1 to 5', times(afternoonsToo, 3), true],
    ['29 calls are too few', times(afternoonsToo, 3).slice(1), false],
    ['two days are too few', times(afternoonsToo, 3, 2), false],
    ['one call at 13 clears it', [...times(afternoonsToo, 30), { day: '2026-03-01', hour: 13 }], false],
    ['one call at 0 clears it', [...times(afternoonsToo, 30), { day: '2026-03-01', hour: 0 }], false],
    ['a centre that works mornings alone', times([7, 8, 9, 10, 11, 12], 10), false],
    ['an early shift with a few calls at 6', [...times([7, 8, 9, 10, 11], 20), ...times([6], 3)], false],
    ['a whole day', times([9, 11, 13, 15, 17], 10), false],
    ['nothing at all', [], false],
  ])('%s', (_what, written, expected) => {
    expect(judgeHours(written).isSuspected).toBe(expected);
  });
});

describe('a constant skew between names and arrivals', () => {
  const arrivals = (skewMs: number, count = 20, spreadMs = 6 * MINUTE) =>
    Array.from({ length: count }, (_, index) => skewMs + (index / count) * spreadMs);

  test.each([
    ['none', 0, 0],
    ['nine hours late', 9 * HOUR, 540],
    ['five and a half hours late', 5.5 * HOUR, 330],
    ['four hours ahead', -4 * HOUR, -240],
    ['half an hour ahead', -HOUR / 2, -30],
    ['an export that is an hour late', HOUR, 0],
    ['nine hours and a quarter', 9 * HOUR + 15 * MINUTE, 0],
    ['two days late', 48 * HOUR, 0],
  ])('%s', (_what, skewMs, skewMinutes) => {
    expect(judgeSkew(arrivals(skewMs)).skewMinutes).toBe(skewMinutes);
  });

  test('19 files say nothing, and neither do files that come at any time', () => {
    expect(judgeSkew(arrivals(9 * HOUR, 19)).skewMinutes).toBe(0);
    expect(judgeSkew(arrivals(9 * HOUR, 100, 8 * HOUR)).skewMinutes).toBe(0);
    expect(judgeSkew([])).toEqual({ skewMinutes: 0, files: 0 });
  });

  test('a few files sent again much later do not hide it', () => {
    const late = Array.from({ length: 5 }, () => 30 * 24 * HOUR);
    expect(judgeSkew([...arrivals(9 * HOUR, 40), ...late]).skewMinutes).toBe(540);
  });

  test('an offset is written with its sign and two digits', () => {
    expect([540, -330, 0, -30].map(formatOffset)).toEqual(['+09:00', '-05:30', '+00:00', '-00:30']);
  });
});

test('a day is what the tenant’s clocks say: 23 and 25 hours when they change', () => {
  const hours = (day: string, zone: string) => {
    const { fromMs, untilMs } = rangeOfDay(day, zone);
    return (untilMs - fromMs) / HOUR;
  };
  expect(hours('2026-03-08', 'America/New_York')).toBe(23);
  expect(hours('2026-11-01', 'America/New_York')).toBe(25);
  expect(hours('2026-03-08', 'UTC')).toBe(24);
  const { fromMs } = rangeOfDay('2026-03-02', 'Asia/Seoul');
  expect(new Date(fromMs).toISOString()).toBe('2026-03-01T15:00:00.000Z');
  expect(dayOf(fromMs, 'Asia/Seoul')).toBe('2026-03-02');
  expect(dayOf(fromMs - 1, 'Asia/Seoul')).toBe('2026-03-01');
  expect(addDays('2026-03-01', -1)).toBe('2026-02-28');
});
