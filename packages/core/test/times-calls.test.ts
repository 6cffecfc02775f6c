import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MappedRecord } from '../src/mapping/field-mapping.ts';
import { parseFileName } from '../src/names/parse-file-name.ts';
import { DEFAULT_SETTINGS, type TenantSettings } from '../src/policy.ts';
import { AMEND_WINDOW_MS, judgeAmendWindow } from '../src/times/amend-window.ts';
import { type CallTimesInput, resolveCallTimes, resolveDirection } from '../src/times/call-times.ts';
import { formatInstant } from '../src/times/wall-time.ts';

const EMPTY: MappedRecord = {
  fields: {},
  startedAt: null,
  endedAt: null,
  user: null,
  direction: null,
  durationSeconds: null,
  filename: null,
  missing: [],
  issues: [],
  warnings: [],
};
const NAME = '20240510-100000_outbound_1.wav';
const utc = (time: string) => `2024-05-10T${time}Z`;

interface Given extends Partial<Omit<CallTimesInput, 'mapped' | 'name' | 'settings'>> {
  readonly mapped?: Partial<MappedRecord> | null;
  readonly name?: string;
  readonly filenameTimestamp?: TenantSettings['filenameTimestamp'];
}

function resolve({ mapped = {}, name = NAME, filenameTimestamp = 'start', ...rest }: Given) {
  const settings = { ...DEFAULT_SETTINGS, filenameTimestamp };
  const { startedAt, endedAt, durationSeconds, warnings, needsTimeZone } = resolveCallTimes({
    mapped: mapped === null ? null : { ...EMPTY, ...mapped },
    name: parseFileName(name, settings),
    settings,
    timeZone: 'UTC',
    receivedAtMs: Date.parse('2024-05-11T00:00:00Z'),
    mediaDurationSeconds: null,
    ...rest,
  });
  const shown = (instant: number | null) =>
    instant === null ? null : formatInstant(instant).replace('.000', '');
  return {
    startedAt: shown(startedAt),
    endedAt: shown(endedAt),
    durationSeconds,
    codes: warnings.map(({ code }) => code),
    needsTimeZone,
  };
}

describe('the time of a call', () => {
  test("is the metadata's before the name's", () => {
    expect(resolve({ mapped: { startedAt: utc('10:03:00'), durationSeconds: 60 } })).toEqual({
      startedAt: utc('10:03:00'),
      endedAt: utc('10:04:00'),
      durationSeconds: 60,
      codes: [],
      needsTimeZone: false,
    });
  });

  test("is the name's where the metadata gives none, or there is no metadata", () => {
    const expected = { startedAt: utc('10:00:00'), endedAt: null, durationSeconds: null, codes: [] };
    expect(resolve({})).toMatchObject(expected);
    expect(resolve({ mapped: null })).toMatchObject(expected);
  });

  test("is the metadata's end minus the length where it gives no start", () => {
    expect(resolve({ mapped: { endedAt: utc('10:05:00'), durationSeconds: 300 } })).toMatchObject({
      startedAt: utc('10:00:00'),
      endedAt: utc('10:05:00'),
      codes: [],
    });
  });

  test('is unknown where neither gives it, and says when only the zone is missing', () => {
    expect(resolve({ name: 'a.wav' })).toMatchObject({ startedAt: null, needsTimeZone: false });
    expect(resolve({ timeZone: null })).toMatchObject({ startedAt: null, needsTimeZone: true });
    expect(resolve({ timeZone: null, mapped: { startedAt: utc('10:00:00') } })).toMatchObject({
      startedAt: utc('10:00:00'),
      needsTimeZone: false,
      codes: [],
    });
  });

  test("carries the warnings of the name's time only where that time was used", () => {
    const given = {
      timeZone: 'America/New_York',
      name: '20251102-013000_outbound_1.wav',
      receivedAtMs: Date.UTC(2026, 0),
    };
    expect(resolve(given)).toMatchObject({ startedAt: '2025-11-02T06:30:00Z', codes: ['TIME_AMBIGUOUS'] });
    expect(resolve({ ...given, mapped: { startedAt: '2025-11-02T05:30:00Z' } }).codes).toEqual([]);
  });
});

describe('a name that gives the end of the call', () => {
  const filenameTimestamp = 'end';
  test("gives the start by the metadata's length, else the media's", () => {
    const mediaDurationSeconds = 120;
    expect(resolve({ filenameTimestamp, mediaDurationSeconds })).toMatchObject({
      startedAt: utc('09:58:00'),
      endedAt: utc('10:00:00'),
      durationSeconds: 120,
      codes: [],
    });
    expect(
      resolve({ filenameTimestamp, mediaDurationSeconds, mapped: { durationSeconds: 60 } }),
    ).toMatchObject({
      startedAt: utc('09:59:00'),
      endedAt: utc('10:00:00'),
      durationSeconds: 60,
    });
  });

  test('stands for the start where no length is known, with a warning', () => {
    expect(resolve({ filenameTimestamp })).toMatchObject({
      startedAt: utc('10:00:00'),
      endedAt: utc('10:00:00'),
      durationSeconds: null,
      codes: ['DURATION_UNKNOWN'],
    });
    expect(resolve({ filenameTimestamp, mapped: { endedAt: utc('10:00:02') } })).toMatchObject({
      startedAt: utc('10:00:02'),
      endedAt: utc('10:00:02'),
      durationSeconds: null,
      codes: ['DURATION_UNKNOWN'],
    });
  });

  test("is compared with the metadata's end, and with nothing where that is unknown", () => {
    const mapped = { startedAt: utc('09:00:00') };
    expect(resolve({ filenameTimestamp, mapped, mediaDurationSeconds: 3600 }).codes).toEqual([]);
    expect(resolve({ filenameTimestamp, mapped, mediaDurationSeconds: 60 }).codes).toEqual(['TIME_MISMATCH']);
    expect(resolve({ filenameTimestamp, mapped }).codes).toEqual([]);
  });
});

test.each([
  ['09:55:00.000', []],
  ['09:54:59.999', ['TIME_MISMATCH']],
  ['10:05:00.000', []],
  ['10:05:00.001', ['TIME_MISMATCH']],
])('name and metadata may differ by five minutes: a start at %s gives %j', (time, codes) => {
  expect(resolve({ mapped: { startedAt: utc(time) } }).codes).toEqual(codes);
});

test.each([
  [
    '15:00:20',
    'The time of the file name is 5 h earlier than the metadata. This looks like another time zone',
  ],
  ['04:30:00', 'The time of the file name is 5 h 30 min later than the metadata. This looks like another'],
  ['10:47:00', 'The time of the file name is 47 min earlier than the metadata.'],
])('a mismatch says by how much, and names the zone where it looks like one: %s', (time, message) => {
  const { warnings } = resolveCallTimes({
    mapped: { ...EMPTY, startedAt: utc(time) },
    name: parseFileName(NAME, DEFAULT_SETTINGS),
    settings: DEFAULT_SETTINGS,
    timeZone: 'UTC',
    receivedAtMs: Date.parse('2024-05-11T00:00:00Z'),
    mediaDurationSeconds: null,
  });
  expect(warnings[0]?.message).toContain(message);
  expect(warnings[0]?.message.includes('time zone')).toBe(
    message.includes('time zone') || message.includes('another'),
  );
});

test('an end before the start is left out, with a warning', () => {
  const mapped = { startedAt: utc('10:00:00'), endedAt: utc('09:59:59') };
  expect(resolve({ mapped })).toMatchObject({
    endedAt: null,
    durationSeconds: null,
    codes: ['TIME_MISMATCH'],
  });
  expect(resolve({ mapped, mediaDurationSeconds: 30 })).toMatchObject({
    endedAt: utc('10:00:30'),
    durationSeconds: 30,
  });
});

test("a length that nobody states is the span of the metadata's times, else the media's", () => {
  const mapped = { startedAt: utc('10:00:00'), endedAt: utc('10:00:45') };
  expect(resolve({ mapped, mediaDurationSeconds: 44.2 }).durationSeconds).toBe(45);
  expect(resolve({ mediaDurationSeconds: 44.2 })).toMatchObject({
    durationSeconds: 44.2,
    endedAt: utc('10:00:44.200'),
  });
  expect(resolve({ mapped: { endedAt: utc('10:00:45') } }).durationSeconds).toBe(45);
});

test.each([
  [-1, ['FUTURE_TIME']],
  [0, []],
  [1, []],
])('case 64: a call received %i ms after its start gives %j', (byMs, codes) => {
  expect(resolve({ receivedAtMs: Date.parse(utc('10:00:00')) + byMs }).codes).toEqual(codes);
});

describe('case 33: the direction', () => {
  test.each([
    ['inbound', 'outbound', 'inbound', ['DIRECTION_MISMATCH']],
    ['Inbound', 'inbound', 'Inbound', []],
    [null, 'outbound', 'outbound', []],
    ['inbound', null, 'inbound', []],
    [null, null, null, []],
  ])('%s in metadata and %s in the name is %s', (given, named, direction, codes) => {
    const resolved = resolveDirection({ direction: given }, { direction: named });
    expect(resolved.direction).toBe(direction);
    expect(resolved.warnings.map(({ code }) => code)).toEqual(codes);
  });

  test('is the name’s where there is no metadata', () => {
    expect(resolveDirection(null, { direction: 'inbound' })).toEqual({ direction: 'inbound', warnings: [] });
  });
});

describe('the amend window', () => {
  const hours = (count: number) => count * 3_600_000;
  const callStartedAtMs = Date.parse(utc('10:00:00'));
  const judge = (firstAfterMs: number, receivedAfterMs: number) =>
    judgeAmendWindow({
      callStartedAtMs,
      firstAcceptedReceivedAtMs: callStartedAtMs + firstAfterMs,
      receivedAtMs: callStartedAtMs + receivedAfterMs,
    });

  test.each([
    [-1, false],
    [0, false],
    [1, true],
  ])('case 38: an update received at call + 48 h %i ms is late: %s', (byMs, isLate) => {
    expect(judge(hours(1), AMEND_WINDOW_MS + byMs)).toEqual({
      acceptedUntilMs: callStartedAtMs + hours(48),
      isLate,
    });
  });

  test('case 40: after first metadata at 60 h, the window has long ended', () => {
    expect(judge(hours(60), hours(61)).isLate).toBe(true);
  });

  test.each([
    [-1, false],
    [0, false],
    [1, true],
  ])('case 64: a future call has 48 h from its first receipt: %i ms is late: %s', (byMs, isLate) => {
    const window = judge(-hours(5), hours(43) + byMs);
    expect(window).toEqual({ acceptedUntilMs: callStartedAtMs + hours(43), isLate });
  });

  test('a call without a time has 48 h from its first receipt', () => {
    const window = judgeAmendWindow({ callStartedAtMs: null, firstAcceptedReceivedAtMs: 5, receivedAtMs: 6 });
    expect(window).toEqual({ acceptedUntilMs: 5 + AMEND_WINDOW_MS, isLate: false });
  });

  test('never ends more than 48 h after the call or after its first receipt', () => {
    const times = fc.integer({ min: 0, max: hours(24 * 365) });
    fc.assert(
      fc.property(times, times, times, (callMs, firstMs, receivedAtMs) => {
        const window = judgeAmendWindow({
          callStartedAtMs: callMs,
          firstAcceptedReceivedAtMs: firstMs,
          receivedAtMs,
        });
        expect(window.acceptedUntilMs).toBeLessThanOrEqual(callMs + AMEND_WINDOW_MS);
        expect(window.acceptedUntilMs).toBeLessThanOrEqual(firstMs + AMEND_WINDOW_MS);
        expect(window.isLate).toBe(receivedAtMs > window.acceptedUntilMs);
      }),
    );
  });
});

describe('the durations of the metadata and of the recording', () => {
  const start = { startedAt: utc('10:00:00') };
  test.for([
    // Milliseconds read as seconds.
    [300_000, 300, true],
    [6_000, 6, true],
    [300, 300_000, true],
    // A minute of ringing, or of what the recorder cut away, in a call of twenty minutes is no fault.
    [1_260, 1_200, false],
    [330, 300, false],
    [330.1, 300, true],
    [270, 300, false],
    [269.9, 300, true],
    // Short calls differ by a share that says nothing.
    [8, 3, false],
    [8.1, 3, true],
    [0, 5, false],
    [0, 5.1, true],
  ] as const)('of %d and %d seconds are a DURATION_MISMATCH: %s', ([given, media, isMismatch]) => {
    const { codes, durationSeconds } = resolve({
      mapped: { ...start, durationSeconds: given },
      mediaDurationSeconds: media,
    });
    expect(codes).toEqual(isMismatch ? ['DURATION_MISMATCH'] : []);
    expect(durationSeconds).toBe(given);
  });

  test('are compared where the metadata gives an end in place of a duration', () => {
    const mapped = { ...start, endedAt: utc('10:05:00') };
    expect(resolve({ mapped, mediaDurationSeconds: 6 }).codes).toEqual(['DURATION_MISMATCH']);
    expect(resolve({ mapped, mediaDurationSeconds: 300 }).codes).toEqual([]);
  });

  test('are not compared where one of them is unknown', () => {
    expect(resolve({ mapped: { ...start, durationSeconds: 300 } }).codes).toEqual([]);
    expect(resolve({ mapped: start, mediaDurationSeconds: 300 }).codes).toEqual([]);
  });
});
