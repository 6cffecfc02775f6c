import { type Issue, issue } from '../issue.ts';
import type { MappedRecord } from '../mapping/field-mapping.ts';
import type { ParsedName } from '../names/parsed-name.ts';
import type { TenantSettings } from '../policy.ts';
import { resolveWallTime, wallTimeCandidates } from './wall-time.ts';

/** How far the file name and the metadata may disagree before it is flagged. */
const TIME_MISMATCH_MS = 5 * 60 * 1000;

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
  /** TIME_MISMATCH, FUTURE_TIME, DURATION_UNKNOWN, TIME_NONEXISTENT, TIME_AMBIGUOUS. */
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
  const durationSeconds = input.mapped?.durationSeconds ?? span ?? input.mediaDurationSeconds;
  const derived = endedAt !== null && durationSeconds !== null ? endedAt - lengthMs(durationSeconds) : null;
  return { startedAt: startedAt ?? derived, endedAt, durationSeconds };
}

/**
 * Whether the name's time lies over five minutes from the start (or the end, where the name gives the end). A
 * wall time that clocks showed twice agrees if either reading does; an unknown end disagrees with nothing.
 */
function isMismatch(input: CallTimesInput, startedAt: number, endedAt: number | null): boolean {
  if (input.name.wallTime === null || input.timeZone === null) return false;
  const expected = input.settings.filenameTimestamp === 'end' ? endedAt : startedAt;
  if (expected === null) return false;
  const candidates = wallTimeCandidates(input.name.wallTime, input.timeZone);
  return candidates.every((candidate) => Math.abs(candidate - expected) > TIME_MISMATCH_MS);
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
      warnings: [],
      needsTimeZone,
    };
  }
  const isEnd = named?.isEnd === true;
  const end = endOf(startedAt, isEnd ? startedAt : known.endedAt, known.durationSeconds);
  const span = end.endedAt === null || isEnd ? null : (end.endedAt - startedAt) / 1000;
  const warnings = [...(named?.warnings ?? []), ...end.warnings];
  if (isMismatch(input, startedAt, end.endedAt)) {
    warnings.push(issue('TIME_MISMATCH', 'The file name and the metadata are over five minutes apart.'));
  }
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
