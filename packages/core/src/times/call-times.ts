import { type Issue, issue } from '../issue.ts';
import type { MappedRecord } from '../mapping/field-mapping.ts';
import type { ParsedName } from '../names/parsed-name.ts';
import type { TenantSettings } from '../policy.ts';
import { resolveWallTime, wallTimeCandidates } from './wall-time.ts';

/** How far the file name and the metadata may disagree before it is flagged. */
const TIME_MISMATCH_MS = 5 * 60 * 1000;
/** How far the durations of the metadata and of the media may be apart before that is flagged: both must be passed. */
const DURATION_MISMATCH_SECONDS = 5;
const DURATION_MISMATCH_SHARE = 0.1;

export interface CallTimesInput {
  readonly mapped: MappedRecord | null;
  readonly name: ParsedName;
  readonly settings: TenantSettings;
  readonly timeZone: string | null;
  readonly receivedAtMs: number;
  /** Duration of the recording from its container, or null. */
  readonly mediaDurationSeconds: number | null;
}

export interface CallTimes {
  /** Epoch milliseconds. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly durationSeconds: number | null;
  /** TIME_MISMATCH, DURATION_MISMATCH, FUTURE_TIME, DURATION_UNKNOWN, TIME_NONEXISTENT, TIME_AMBIGUOUS. */
  readonly warnings: readonly Issue[];
  /** The time of the file name is not used because the tenant has no time zone. */
  readonly needsTimeZone: boolean;
}

const msOf = (instant: string | null | undefined) => (instant == null ? null : Date.parse(instant));
const lengthMs = (durationSeconds: number) => Math.round(durationSeconds * 1000);

/** The start as metadata and the lengths give it, and the end as metadata gives it. */
function readKnownTimes(input: CallTimesInput) {
  const startedAt = msOf(input.mapped?.startedAt);
  const endedAt = msOf(input.mapped?.endedAt);
  const span =
    startedAt !== null && endedAt !== null && endedAt >= startedAt ? (endedAt - startedAt) / 1000 : null;
  const given = input.mapped?.durationSeconds ?? span;
  const durationSeconds = given ?? input.mediaDurationSeconds;
  const derived = endedAt !== null && durationSeconds !== null ? endedAt - lengthMs(durationSeconds) : null;
  return {
    startedAt: startedAt ?? derived,
    endedAt,
    durationSeconds,
    warnings: warnOfDuration(given, input),
  };
}

/** A duration in another unit, or metadata of another call. Source: C16. */
function warnOfDuration(given: number | null, { mediaDurationSeconds: media }: CallTimesInput): Issue[] {
  if (given === null || media === null) return [];
  const apart = Math.abs(given - media);
  if (apart <= DURATION_MISMATCH_SECONDS || apart <= DURATION_MISMATCH_SHARE * media) return [];
  return [
    issue(
      'DURATION_MISMATCH',
      `The metadata gives ${tidySeconds(given)} seconds, and the recording lasts ${tidySeconds(media)}.`,
    ),
  ];
}

const tidySeconds = (seconds: number): number => Math.round(seconds * 10) / 10;

/**
 * By how many milliseconds the name's time lies after the start (or the end, where the name gives the end), where that is
 * over five minutes; null otherwise. A wall time that clocks showed twice agrees if either reading does; an unknown end
 * disagrees with nothing.
 */
function mismatchMs(input: CallTimesInput, startedAt: number, endedAt: number | null): number | null {
  if (input.name.wallTime === null || input.timeZone === null) return null;
  const expected = input.settings.filenameTimestamp === 'end' ? endedAt : startedAt;
  if (expected === null) return null;
  const apart = wallTimeCandidates(input.name.wallTime, input.timeZone).map((at) => at - expected);
  const least = apart.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a), Number.POSITIVE_INFINITY);
  return Number.isFinite(least) && Math.abs(least) > TIME_MISMATCH_MS ? least : null;
}

const ZONE_STEP_MS = 30 * 60 * 1000;
const WIDEST_ZONE_MS = 26 * 60 * 60 * 1000;
/** Clocks and dialing make seconds of difference, also between two zones. */
const ZONE_TOLERANCE_MS = 90 * 1000;

/** How far apart the name and the metadata are, and that it looks like another zone where it does. */
function tellMismatch(apartMs: number, { timeZone }: CallTimesInput): string {
  const size = Math.abs(apartMs);
  const which = apartMs > 0 ? 'later' : 'earlier';
  const sentence = `The time of the file name is ${tellSpan(size)} ${which} than the metadata.`;
  const steps = Math.round(size / ZONE_STEP_MS);
  const isZone =
    steps >= 2 && size <= WIDEST_ZONE_MS && Math.abs(size - steps * ZONE_STEP_MS) <= ZONE_TOLERANCE_MS;
  if (!isZone) return sentence;
  return `${sentence} This looks like another time zone than the tenant's, ${timeZone}: one of the two is written in it.`;
}

function tellSpan(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  const parts = [
    days > 0 ? `${days} d` : '',
    hours > 0 ? `${hours} h` : '',
    minutes % 60 > 0 ? `${minutes % 60} min` : '',
  ];
  return parts.filter(Boolean).join(' ');
}

/** The start as the file name gives it. An end of unknown length is used as the start too, with a warning. */
function startFromName(input: CallTimesInput, known: ReturnType<typeof readKnownTimes>) {
  if (input.name.wallTime === null || input.timeZone === null) return null;
  const { instant, warnings } = resolveWallTime(input.name.wallTime, input.timeZone, input.receivedAtMs);
  if (input.settings.filenameTimestamp === 'start') return { startedAt: instant, isEnd: false, warnings };
  if (known.durationSeconds !== null) {
    return { startedAt: instant - lengthMs(known.durationSeconds), isEnd: false, warnings };
  }
  const message =
    'The name gives the end of the call and its length is unknown, so the end is used as the start.';
  return {
    startedAt: known.endedAt ?? instant,
    isEnd: true,
    warnings: [...warnings, issue('DURATION_UNKNOWN', message)],
  };
}

/** The metadata's end unless it lies before the start, else start plus length. */
function endOf(startedAt: number, endedAt: number | null, durationSeconds: number | null) {
  if (endedAt !== null && endedAt >= startedAt) return { endedAt, warnings: [] };
  const message = 'The metadata ends the call before it starts; the end was ignored.';
  return {
    endedAt: durationSeconds === null ? null : startedAt + lengthMs(durationSeconds),
    warnings: endedAt === null ? [] : [issue('TIME_MISMATCH', message)],
  };
}

/**
 * When a call began, ended, and how long it was. The start is the metadata's start, else its end minus the
 * length, else the file name's, minus the length where the name gives the end. The length is the metadata's,
 * else its span, else the media's. What is unknown stays null. Source: C10, C14.
 */
export function resolveCallTimes(input: CallTimesInput): CallTimes {
  const known = readKnownTimes(input);
  const named = known.startedAt === null ? startFromName(input, known) : null;
  const startedAt = known.startedAt ?? named?.startedAt ?? null;
  if (startedAt === null) {
    const needsTimeZone = input.name.wallTime !== null && input.timeZone === null;
    return {
      startedAt,
      endedAt: known.endedAt,
      durationSeconds: known.durationSeconds,
      warnings: known.warnings,
      needsTimeZone,
    };
  }
  const isEnd = named?.isEnd === true;
  const end = endOf(startedAt, isEnd ? startedAt : known.endedAt, known.durationSeconds);
  const span = end.endedAt === null || isEnd ? null : (end.endedAt - startedAt) / 1000;
  const warnings = [...(named?.warnings ?? []), ...end.warnings, ...known.warnings];
  const apartMs = mismatchMs(input, startedAt, end.endedAt);
  if (apartMs !== null) warnings.push(issue('TIME_MISMATCH', tellMismatch(apartMs, input)));
  if (startedAt > input.receivedAtMs) {
    warnings.push(issue('FUTURE_TIME', 'The call starts after the file was received.'));
  }
  const durationSeconds = known.durationSeconds ?? span;
  return { startedAt, endedAt: end.endedAt, durationSeconds, warnings, needsTimeZone: false };
}

export interface ResolvedDirection {
  readonly direction: string | null;
  /** DIRECTION_MISMATCH. */
  readonly warnings: readonly Issue[];
}

/** A call's direction: the metadata's, else the file name's; where they differ the metadata wins. Source: C11. */
export function resolveDirection(
  mapped: Pick<MappedRecord, 'direction'> | null,
  name: Pick<ParsedName, 'direction'>,
): ResolvedDirection {
  const given = mapped?.direction ?? null;
  const direction = given ?? name.direction;
  if (given === null || name.direction === null || given.toLowerCase() === name.direction.toLowerCase()) {
    return { direction, warnings: [] };
  }
  const message = 'The file name and the metadata give different directions: the metadata was used.';
  return { direction, warnings: [issue('DIRECTION_MISMATCH', message)] };
}
