import { isMemberStem } from '../bundles/bundle-name.ts';
import { type Issue, issue } from '../issue.ts';
import type { TenantSettings } from '../policy.ts';
import { makeWallTime } from '../times/wall-time.ts';
import { baseName, canonicalStem } from './canonical-stem.ts';
import { kindOfName } from './file-kinds.ts';
import { matchFilename } from './filename-pattern.ts';
import type { ParsedName, WallTime } from './parsed-name.ts';
import { stripSourcePrefix } from './strip-source-prefix.ts';

interface Parts {
  readonly wallTime: WallTime | null;
  readonly direction: string | null;
  readonly uid: string | null;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

const NOTHING: Parts = { wallTime: null, direction: null, uid: null, issues: [], warnings: [] };

/**
 * Divides `outbound_1234` by the longest known alias that is followed by `_` or the end; null where no alias
 * leads, and then the whole is the user's id. Source: C11.
 */
function splitDirection(
  rest: string,
  directions: Readonly<Record<string, string>>,
): { direction: string; uid: string } | null {
  let longest: { direction: string; uid: string; length: number } | null = null;
  for (const [alias, direction] of Object.entries(directions)) {
    const { length } = alias;
    if (length === 0 || length <= (longest?.length ?? 0)) continue;
    if (rest.length > length && rest[length] !== '_') continue;
    if (rest.slice(0, length).toLowerCase() !== alias.normalize('NFC').toLowerCase()) continue;
    longest = { direction, uid: rest.slice(length + 1), length };
  }
  return longest;
}

/** `yyyyMMdd` and `HHmmss`, with any separators a tenant's pattern let in; null unless it is a real time. */
function readTimestamp(date: string, time: string): WallTime | null {
  const digits = /^(\d{4})(\d{2})(\d{2})\|(\d{2})(\d{2})(\d{2})$/.exec(
    `${date.replace(/\D/g, '')}|${time.replace(/\D/g, '')}`,
  );
  if (digits === null) return null;
  const [year, month, day, hour, minute, second] = digits.slice(1).map(Number);
  return makeWallTime({
    year: year!,
    month: month!,
    day: day!,
    hour: hour!,
    minute: minute!,
    second: second!,
  });
}

function readUser(groups: Readonly<Record<string, string>>, directions: TenantSettings['directions']) {
  if (groups.rest !== undefined) {
    const split = splitDirection(groups.rest, directions);
    return { direction: split?.direction ?? null, uid: (split?.uid ?? groups.rest).trim() };
  }
  const split = groups.dir === undefined ? null : splitDirection(groups.dir, directions);
  return { direction: split?.uid === '' ? split.direction : null, uid: groups.uid?.trim() ?? null };
}

function readParts(stem: string, settings: TenantSettings): Parts {
  // A bundle names its members, and their metadata says all that a name could.
  if (isMemberStem(stem)) return NOTHING;
  const groups = matchFilename(settings.filenamePattern, stem);
  if (groups === null) {
    const message =
      'The name does not match the pattern, so time, user and direction must come from metadata.';
    return { ...NOTHING, warnings: [issue('NAME_UNPARSED', message)] };
  }
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const hasTimestamp = groups.date !== undefined && groups.time !== undefined;
  const wallTime = hasTimestamp ? readTimestamp(groups.date!, groups.time!) : null;
  if (hasTimestamp && wallTime === null) {
    issues.push(
      issue('INVALID_TIMESTAMP', 'The date or time in the name does not exist: use yyyyMMdd-HHmmss.'),
    );
  }
  const { direction, uid } = readUser(groups, settings.directions);
  if (uid === '') issues.push(issue('EMPTY_UID', 'The name has no user id after the direction.'));
  if (direction === null) {
    warnings.push(issue('NO_DIRECTION', 'The name has no known direction, so it must come from metadata.'));
  }
  return { wallTime, direction, uid: uid === '' ? null : uid, issues, warnings };
}

/**
 * Reads a file name by the tenant's rules. A recording's issues (UNSUPPORTED_TYPE, INVALID_TIMESTAMP,
 * EMPTY_UID) reject it. A sidecar is never rejected for its name and warned of it only for NAME_SPACE, since
 * its stem pairs all the same. Source: C7, C10, C11, C12, C18, C19.
 */
export function parseFileName(name: string, settings: TenantSettings): ParsedName {
  const kind = kindOfName(baseName(name), settings.temporaryNames);
  const { stem: wholeStem, ext, hadStraySpace } = canonicalStem(name);
  const stem = stripSourcePrefix(wholeStem, settings.sourcePrefixes);
  if (kind === 'temporary' || kind === 'bundle') return { ...NOTHING, kind, stem, ext };
  if (kind === 'unsupported') {
    const message =
      'This type of file is not accepted: send a recording, or metadata as JSON, XML, CSV or YAML.';
    return { ...NOTHING, kind, stem, ext, issues: [issue('UNSUPPORTED_TYPE', message)] };
  }
  const spaceWarnings = hadStraySpace
    ? [issue('NAME_SPACE', 'The name has a space beside the dash of its time; it pairs without it.')]
    : [];
  const parts = readParts(stem, settings);
  if (kind === 'sidecar') return { ...parts, kind, stem, ext, issues: [], warnings: spaceWarnings };
  return { ...parts, kind, stem, ext, warnings: [...spaceWarnings, ...parts.warnings] };
}
