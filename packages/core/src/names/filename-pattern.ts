import { RE2JS } from 're2js';
import { type Issue, issue } from '../issue.ts';

/** `yyyyMMdd-hhmmss_dir_uid`, where `rest` is divided by the known directions. Source: C10. */
export const DEFAULT_FILENAME_PATTERN = '(?P<date>\\d{8})-(?P<time>\\d{6})_(?P<rest>.*)';

const KNOWN_GROUPS: ReadonlySet<string> = new Set(['date', 'time', 'rest', 'dir', 'uid']);
const MAX_PATTERN_CHARS = 500;
const MAX_PROGRAM_SIZE = 5_000;
const MAX_CACHED_PATTERNS = 256;

const compiledPatterns = new Map<string, RE2JS | null>();

function compile(pattern: string): { regex: RE2JS } | { problem: string } {
  try {
    return { regex: RE2JS.compile(pattern) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Compiling costs far more than matching, and tenants have one pattern each. */
function compiledPattern(pattern: string): RE2JS | null {
  const known = compiledPatterns.get(pattern);
  if (known !== undefined) return known;
  const result = compile(pattern);
  const regex = 'regex' in result ? result.regex : null;
  if (compiledPatterns.size >= MAX_CACHED_PATTERNS) compiledPatterns.clear();
  compiledPatterns.set(pattern, regex);
  return regex;
}

/**
 * The named groups of a stem under an RE2 pattern, which must match the whole stem; null where it does not,
 * or where the pattern does not compile. Linear in the stem's length whatever the pattern.
 */
export function matchFilename(pattern: string | null, stem: string): Readonly<Record<string, string>> | null {
  const matcher = compiledPattern(pattern ?? DEFAULT_FILENAME_PATTERN)?.matcher(stem);
  if (matcher === undefined || !matcher.matches()) return null;
  const groups = Object.entries(matcher.getNamedGroups());
  return Object.fromEntries(groups.map(([name, text]) => [name, text ?? '']));
}

/**
 * What is wrong with a tenant's file name pattern: nothing, or PATTERN_INVALID issues. Groups are `date` and
 * `time` (both or neither), and either `rest` or any of `dir` and `uid`. Source: C10.
 */
export function checkFilenamePattern(pattern: string): Issue[] {
  const refuse = (message: string) => [issue('PATTERN_INVALID', message, 'filenamePattern')];
  if (pattern.length > MAX_PATTERN_CHARS) {
    return refuse(`A file name pattern has at most ${MAX_PATTERN_CHARS} characters.`);
  }
  const result = compile(pattern);
  if ('problem' in result) return refuse(`The pattern is not valid RE2: ${result.problem}.`);
  if (result.regex.programSize() > MAX_PROGRAM_SIZE) {
    return refuse('The pattern is too large: use fewer or smaller repetitions.');
  }
  const groups = Object.keys(result.regex.namedGroups());
  const has = (name: string) => groups.includes(name);
  const unknown = groups.filter((name) => !KNOWN_GROUPS.has(name));
  if (unknown.length > 0) {
    return refuse(`The groups ${unknown.join(', ')} have no meaning: use date, time, rest, dir, uid.`);
  }
  if (groups.length === 0) return refuse('The pattern needs named groups: date, time, rest, or dir and uid.');
  if (has('date') !== has('time')) return refuse('The groups date and time come together.');
  if (has('rest') && (has('dir') || has('uid')))
    return refuse('Use the group rest, or dir and uid, not both.');
  return [];
}
