import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WallTime } from '../src/names/parsed-name.ts';
import { nearestTimeZones } from '../src/times/nearest-zones.ts';
import { parseInstant } from '../src/times/parse-instant.ts';
import {
  formatInstant,
  isTimeZone,
  makeWallTime,
  resolveWallTime,
  wallTimeCandidates,
} from '../src/times/wall-time.ts';

const NEW_YORK = 'America/New_York';
const LATER = Date.parse('2030-01-01T00:00:00Z');

const wall = (text: string): WallTime => {
  const [year, month, day, hour, minute, second] = text.split(/\D/).map(Number);
  return { year: year!, month: month!, day: day!, hour: hour!, minute: minute!, second: second! };
};
const resolve = (text: string, zone = NEW_YORK, receivedAt = LATER) => {
  const { instant, warnings } = resolveWallTime(wall(text), zone, receivedAt);
  return { instant: formatInstant(instant), codes: warnings.map(({ code }) => code) };
};
const parse = (text: string, timeZone: string | null, formats: readonly string[] = []) => {
  const { instant } = parseInstant(text, { formats, timeZone, receivedAtMs: LATER });
  return instant === null ? null : formatInstant(instant);
};

describe.each([
  ['UTC', 0],
  ['Asia/Seoul', -540],
])('on a server in %s', (serverZone, offsetMinutes) => {
  const before = process.env.TZ;
  beforeAll(() => {
    process.env.TZ = serverZone;
  });
  afterAll(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });

  test('the zone of the server is really set', () => {
    expect(new Date(0).getTimezoneOffset()).toBe(offsetMinutes);
  });

  test('case 60: a time in the gap is read with the offset from before it, and flagged', () => {
    expect(resolve('2025-03-09 02:30:00')).toEqual({
      instant: '2025-03-09T07:30:00.000Z',
      codes: ['TIME_NONEXISTENT'],
    });
    expect(resolve('2025-03-09 01:59:59')).toEqual({ instant: '2025-03-09T06:59:59.000Z', codes: [] });
    expect(resolve('2025-03-09 02:00:00')).toEqual({
      instant: '2025-03-09T07:00:00.000Z',
      codes: ['TIME_NONEXISTENT'],
    });
    expect(resolve('2025-03-09 02:59:59')).toEqual({
      instant: '2025-03-09T07:59:59.000Z',
      codes: ['TIME_NONEXISTENT'],
    });
    expect(resolve('2025-03-09 03:00:00')).toEqual({ instant: '2025-03-09T07:00:00.000Z', codes: [] });
  });

  test('case 60: a whole day that a zone skipped is flagged too', () => {
    expect(resolve('2011-12-30 12:00:00', 'Pacific/Apia').codes).toEqual(['TIME_NONEXISTENT']);
  });

  test('case 61: a time shown twice is the later one not after arrival, and flagged', () => {
    const first = '2025-11-02T05:30:00.000Z';
    const second = '2025-11-02T06:30:00.000Z';
    const arriving = (receivedAt: string, byMs = 0) =>
      resolve('2025-11-02 01:30:00', NEW_YORK, Date.parse(receivedAt) + byMs);
    expect(arriving(second, -1)).toEqual({ instant: first, codes: ['TIME_AMBIGUOUS'] });
    expect(arriving(second)).toEqual({ instant: second, codes: ['TIME_AMBIGUOUS'] });
    expect(arriving(second, 1)).toEqual({ instant: second, codes: ['TIME_AMBIGUOUS'] });
    expect(arriving(first, -1)).toEqual({ instant: first, codes: ['TIME_AMBIGUOUS'] });
    expect(resolve('2025-11-02 00:59:59').codes).toEqual([]);
    expect(resolve('2025-11-02 02:00:00').codes).toEqual([]);
  });

  test("case 62: a time with an offset is absolute, one without has the tenant's zone", () => {
    expect(parse('2021-05-11T21:59:59Z', NEW_YORK)).toBe('2021-05-11T21:59:59.000Z');
    expect(parse('2021-05-11T21:59:59+09:00', NEW_YORK)).toBe('2021-05-11T12:59:59.000Z');
    expect(parse('2021-05-11T21:59:59+09:00', null)).toBe('2021-05-11T12:59:59.000Z');
    expect(parse('2021-05-11T21:59:59', NEW_YORK)).toBe('2021-05-12T01:59:59.000Z');
    expect(parse('2021-05-11T21:59:59', 'Asia/Kolkata')).toBe('2021-05-11T16:29:59.000Z');
    expect(parse('2021-05-11T21:59:59', null)).toBeNull();
    expect(parse('11/05/2021 21:59', NEW_YORK, ['dd/MM/yyyy HH:mm'])).toBe('2021-05-12T01:59:00.000Z');
  });

  test('case 62: every instant comes back from the wall time that its zone showed', () => {
    const zones = fc.constantFrom(
      NEW_YORK,
      'Asia/Seoul',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'UTC',
    );
    const seconds = fc.integer({ min: Date.UTC(1975, 0, 1) / 1000, max: Date.UTC(2100, 0, 1) / 1000 });
    fc.assert(
      fc.property(zones, seconds, (zone, epochSeconds) => {
        const shown = Temporal.Instant.fromEpochMilliseconds(epochSeconds * 1000).toZonedDateTimeISO(zone);
        const { year, month, day, hour, minute, second } = shown;
        const candidates = wallTimeCandidates({ year, month, day, hour, minute, second }, zone);
        expect(candidates).toContain(epochSeconds * 1000);
        expect(candidates.length).toBeLessThanOrEqual(2);
      }),
    );
  });
});

test.each(['America/New_York', 'Asia/Kolkata', 'UTC', 'US/Pacific', 'Etc/GMT+5', 'america/new_york'])(
  '%s is a time zone',
  (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  },
);

test.each(['', 'Mars/Olympus', '+05:30', '-08', '2020-01-01T00:00[Europe/Paris]', ' UTC', 'x'.repeat(1000)])(
  '"%s" is no time zone',
  (zone) => {
    expect(isTimeZone(zone)).toBe(false);
  },
);

test.each(['BST', 'CST', 'IST', 'ACT', 'PST', 'EST', 'MST', 'PST8PDT', 'GMT', 'Factory'])(
  'case 111: %s is a time zone only where times can be calculated by it',
  (zone) => {
    const time = wall('2026-03-02 10:00:00');
    if (isTimeZone(zone)) expect(wallTimeCandidates(time, zone)).toHaveLength(1);
    else expect(() => wallTimeCandidates(time, zone)).toThrow(RangeError);
  },
);

const LEGACY =
  'ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST PLT PNT PRT PST SST VST';
test.each(LEGACY.split(' '))(
  'case 111: %s is no zone, and the nearest that times are calculated by are named',
  (zone) => {
    expect(isTimeZone(zone)).toBe(false);
    const nearest = nearestTimeZones(zone);
    expect(nearest.length).toBeGreaterThan(0);
    for (const name of nearest) expect(wallTimeCandidates(wall('2026-03-02 10:00:00'), name)).toHaveLength(1);
  },
);

test('every zone that the validator takes is one that times are calculated by, and the other way round', () => {
  const known = [
    ...Intl.supportedValuesOf('timeZone'),
    ...LEGACY.split(' '),
    'EST',
    'HST',
    'CET',
    'Etc/GMT+5',
  ];
  const calculates = (zone: string): boolean => {
    try {
      return wallTimeCandidates(wall('2026-03-02 10:00:00'), zone).length > 0;
    } catch {
      return false;
    }
  };
  expect(known.filter((zone) => isTimeZone(zone) !== calculates(zone))).toEqual([]);
});

test.each([
  ['bst', 'Europe/London'],
  ['EST', 'America/New_York'],
  ['New York', 'America/New_York'],
  ['America/NewYork', 'America/New_York'],
  ['Europe/Berln', 'Europe/Berlin'],
  ['paris', 'Europe/Paris'],
])('case 111: for %s the nearest zone is %s', (text, zone) => {
  expect(nearestTimeZones(text)).toContain(zone);
});

test('a name that is near to nothing has no nearest zones', () => {
  for (const text of ['', 'x', 'Mars/Olympus', 'x'.repeat(10_000)])
    expect(nearestTimeZones(text)).toEqual([]);
});

test('a wall time exists just when its date does', () => {
  const parts = fc.record({
    year: fc.integer({ min: 1900, max: 9998 }),
    month: fc.integer({ min: 0, max: 13 }),
    day: fc.integer({ min: 0, max: 32 }),
    hour: fc.integer({ min: 0, max: 25 }),
    minute: fc.integer({ min: 0, max: 61 }),
    second: fc.integer({ min: 0, max: 59 }),
  });
  fc.assert(
    fc.property(parts, (candidate) => {
      const { year, month, day, hour, minute, second } = candidate;
      const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
      const isSame =
        date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
      const isReal = isSame && date.getUTCFullYear() === year && date.getUTCMinutes() === minute;
      expect(makeWallTime(candidate)).toEqual(isReal ? candidate : null);
    }),
  );
});
