import { parseFileName } from '../names/parse-file-name.ts';
import { isOutcomeCode, OUTCOME_TABLE } from '../outcomes.ts';
import type { TenantSettings } from '../policy.ts';
import { dayOf, hourOf, offsetMinutesOf } from '../times/local-day.ts';
import { resolveWallTime } from '../times/wall-time.ts';
import { judgeHours, type WrittenTime } from './judge-hours.ts';
import { formatHours, formatOffset, judgeSkew } from './judge-skew.ts';
import { READINESS_TABLE, type ReadinessCode } from './readiness-table.ts';

/** How many, and the names of a few of them. */
export interface Named {
  readonly count: number;
  readonly examples: readonly string[];
}

/** What a tenant has sent so far. */
export interface ReadinessFacts {
  readonly timeZone: string | null;
  readonly settings: TenantSettings;
  readonly mappingVersion: number | null;
  readonly sftpUsers: number;
  readonly completeCalls: number;
  readonly unpairedRecordings: Named;
  readonly unpairedMetadata: Named;
  /** Files that wait for something else, by code; those that wait to go live apart. */
  readonly otherHeld: readonly (Named & { readonly code: string })[];
  readonly rejected: readonly (Named & { readonly code: string })[];
  /** Rows of the newest batches, by code: each example a batch and how many. */
  readonly heldRows: readonly (Named & { readonly code: string })[];
  readonly rejectedRows: readonly (Named & { readonly code: string })[];
  /** The newest recordings, one for each stem: the first that came. */
  readonly recordings: readonly { readonly name: string; readonly receivedAtMs: number }[];
  /** When the newest complete calls started; epoch milliseconds. */
  readonly startedAtMs: readonly number[];
  /** Users of the settings' `expectedUsers` who have no call. */
  readonly missingUsers: Named;
}

/** One thing to fix, in words for the customer. */
export interface ReadinessFinding extends Named {
  readonly code: ReadinessCode;
  readonly required: boolean;
  readonly message: string;
  readonly fix: string;
}

const ONE: Named = { count: 1, examples: [] };

/** The finding of a code; `fix` where there is a better one than the table's. */
function finding(
  code: ReadinessCode,
  message: string,
  { count, examples }: Named = ONE,
  fix: string = READINESS_TABLE[code].fix,
): ReadinessFinding {
  return { code, required: READINESS_TABLE[code].required, message, fix, count, examples };
}

const some = (count: number, one: string, many: string): string =>
  count === 1 ? `1 ${one}` : `${count} ${many}`;
const pad = (value: number): string => String(value).padStart(2, '0');

/** Distances between the times in names, read in the zone, and the arrivals; and those times as they are written. */
function readNames({ recordings, settings, timeZone }: ReadinessFacts) {
  const written: WrittenTime[] = [];
  const distancesMs: number[] = [];
  for (const { name, receivedAtMs } of recordings) {
    const { wallTime } = parseFileName(name, settings);
    if (wallTime === null) continue;
    const { year, month, day, hour } = wallTime;
    written.push({ day: `${year}-${pad(month)}-${pad(day)}`, hour });
    distancesMs.push(receivedAtMs - resolveWallTime(wallTime, timeZone ?? 'UTC', receivedAtMs).instant);
  }
  return { written, distancesMs };
}

function findZone(facts: ReadinessFacts, distancesMs: readonly number[]): ReadinessFinding[] {
  const { timeZone, recordings } = facts;
  const { skewMinutes, files } = judgeSkew(distancesMs);
  const at = recordings[0]?.receivedAtMs ?? 0;
  // Read too early by the skew: the clock that wrote the names is that much behind the zone's.
  const offset = formatOffset((timeZone === null ? 0 : offsetMinutesOf(at, timeZone)) - skewMinutes);
  if (timeZone === null) {
    const hint = skewMinutes === 0 ? '' : ` Arrivals suggest that names are written at UTC${offset}.`;
    const message = `No time zone is set, so times without an offset cannot be read.${hint}`;
    return [finding('TIME_ZONE_MISSING', message)];
  }
  if (skewMinutes === 0) return [];
  const side = skewMinutes > 0 ? 'before' : 'after';
  const sign = skewMinutes > 0 ? '+' : '-';
  const message =
    `The time zone looks wrong by ${sign}${formatHours(skewMinutes)}: times in ${files} file names are always ` +
    `${formatHours(skewMinutes)} ${side} the arrival, as if they were written at UTC${offset}, not in ${timeZone}.`;
  const examples = recordings.slice(0, 3).map(({ name }) => name);
  return [finding('TIME_ZONE_SUSPECTED', message, { count: files, examples })];
}

function findHours(facts: ReadinessFacts, written: readonly WrittenTime[]): ReadinessFinding[] {
  const zone = facts.timeZone ?? 'UTC';
  const started = facts.startedAtMs.map((ms) => ({ day: dayOf(ms, zone), hour: hourOf(ms, zone) }));
  const places = [
    { where: 'File names', verdict: judgeHours(written) },
    { where: 'Call times', verdict: judgeHours(started) },
  ];
  const suspect = places.find(({ verdict }) => verdict.isSuspected);
  if (suspect === undefined) return [];
  const { calls, days } = suspect.verdict;
  const message = `${suspect.where} never show an hour past 12, over ${calls} calls on ${days} days: they seem to be on a 12-hour clock.`;
  return [finding('TWELVE_HOUR_CLOCK_SUSPECTED', message, { count: calls, examples: [] })];
}

function findUnpaired({ unpairedRecordings, unpairedMetadata }: ReadinessFacts): ReadinessFinding[] {
  const found: ReadinessFinding[] = [];
  if (unpairedRecordings.count > 0) {
    const what = some(
      unpairedRecordings.count,
      'recording waits for its metadata',
      'recordings wait for their metadata',
    );
    found.push(finding('RECORDINGS_UNPAIRED', `${what}.`, unpairedRecordings));
  }
  if (unpairedMetadata.count > 0) {
    const what = some(
      unpairedMetadata.count,
      'metadata file waits for its recording',
      'metadata files wait for their recordings',
    );
    found.push(finding('METADATA_UNPAIRED', `${what}.`, unpairedMetadata));
  }
  return found;
}

type RowGroup = ReadinessFacts['heldRows'][number];

const sayCode = (code: string) =>
  isOutcomeCode(code) ? OUTCOME_TABLE[code] : { sentence: code, fix: 'Check the files.' };

function findRejected({ rejected }: ReadinessFacts): ReadinessFinding[] {
  return rejected.map((group) => {
    const { sentence, fix } = sayCode(group.code);
    const what = some(group.count, 'file was rejected', 'files were rejected');
    return finding('FILES_REJECTED', `${what} (${group.code}): ${sentence}`, group, fix);
  });
}

function findWaiting({ otherHeld }: ReadinessFacts): ReadinessFinding[] {
  return otherHeld.map((group) => {
    const { sentence, fix } = sayCode(group.code);
    const what = some(group.count, 'file waits', 'files wait');
    return finding('FILES_WAITING', `${what} (${group.code}): ${sentence}`, group, fix);
  });
}

function findRows({ rejectedRows, heldRows }: ReadinessFacts): ReadinessFinding[] {
  const tell = (code: 'ROWS_REJECTED' | 'ROWS_WAITING', one: string, many: string) => (group: RowGroup) => {
    const { sentence, fix } = sayCode(group.code);
    return finding(code, `${some(group.count, one, many)} (${group.code}): ${sentence}`, group, fix);
  };
  return [
    ...rejectedRows.map(
      tell('ROWS_REJECTED', 'row of a batch was rejected', 'rows of batches were rejected'),
    ),
    ...heldRows.map(tell('ROWS_WAITING', 'row of a batch waits', 'rows of batches wait')),
  ];
}

function findUsers({ missingUsers, sftpUsers }: ReadinessFacts): ReadinessFinding[] {
  const what = some(missingUsers.count, 'expected user has no call yet', 'expected users have no call yet');
  return [
    ...(sftpUsers === 0 ? [finding('SFTP_USER_MISSING', 'Nobody can log in to the drop.')] : []),
    ...(missingUsers.count > 0 ? [finding('USERS_NEVER_SEEN', `${what}.`, missingUsers)] : []),
  ];
}

/**
 * What a tenant should fix before it goes live, what must be fixed first. Every sentence names the thing, how much of it
 * and what to do. Source: C3, case 65.
 */
export function findReadiness(facts: ReadinessFacts): ReadinessFinding[] {
  const { written, distancesMs } = readNames(facts);
  const mapping = finding('MAPPING_MISSING', 'No field mapping for calls is published.');
  const complete = finding('NO_COMPLETE_CALL', 'No call is complete yet.');
  const found = [
    ...findZone(facts, distancesMs),
    ...(facts.mappingVersion === null ? [mapping] : []),
    ...findHours(facts, written),
    ...(facts.completeCalls === 0 ? [complete] : []),
    ...findRejected(facts),
    ...findUnpaired(facts),
    ...findWaiting(facts),
    ...findRows(facts),
    ...findUsers(facts),
  ];
  return [...found.filter(({ required }) => required), ...found.filter(({ required }) => !required)];
}
