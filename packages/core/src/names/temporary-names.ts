import { type Issue, issue } from '../issue.ts';

/**
 * Names that transfer clients, agents and editors give a file until it is whole: `*` stands for any characters, `?` for
 * one. A tenant may set others in their place. Source: case 13.
 */
export const DEFAULT_TEMPORARY_NAMES: readonly string[] = [
  '.*',
  '*~',
  '~$*',
  '*.filepart',
  '*.part',
  '*.partial',
  '*.tmp',
  '*.temp',
  '*.upload',
  '*.uploading',
  '*.writing',
  '*.inprogress',
  '*.in_progress',
  '*.incomplete',
  '*.transferring',
  '*.crdownload',
  '*.download',
  '*.opdownload',
  '*.swp',
  '*.lock',
  '*~lock*',
  '*.octransfer*',
];

/** Names that mean a whole file under any convention: a pattern that takes them all would receive nothing any more. */
const WHOLE_NAMES = [
  '20240510-100000_outbound_1.wav',
  '20240510-100000_inbound_ext.mp3',
  'call 17.json',
  'contacts.csv',
];

type Matcher = (name: string) => boolean;

/** By the list itself, which a policy keeps for all names that it judges: a batch names a million. */
const matchersOf = new WeakMap<readonly string[], readonly Matcher[]>();

/** Whether a base name stands for an upload still under way, by patterns that are compared without regard to case. */
export const isTemporaryName = (
  base: string,
  patterns: readonly string[] | null | undefined = DEFAULT_TEMPORARY_NAMES,
): boolean => {
  const list = patterns ?? DEFAULT_TEMPORARY_NAMES;
  let matchers = matchersOf.get(list);
  if (matchers === undefined) {
    matchers = list.map(matcherOf);
    matchersOf.set(list, matchers);
  }
  const name = base.toLowerCase();
  return matchers.some((isMatch) => isMatch(name));
};

/** Most patterns are a star before or after plain text. */
function matcherOf(given: string): Matcher {
  const pattern = given.toLowerCase();
  const [start, end] = [pattern.slice(0, -1), pattern.slice(1)];
  if (pattern.startsWith('*') && !/[*?]/.test(end)) return (name) => name.endsWith(end);
  if (pattern.endsWith('*') && !/[*?]/.test(start)) return (name) => name.startsWith(start);
  return (name) => matches(pattern, name);
}

/** MAPPING_INVALID for a pattern that takes nearly every name for an upload under way. */
export const checkTemporaryName = (pattern: string): Issue[] => {
  const taken = WHOLE_NAMES.filter((name) => matches(pattern.toLowerCase(), name));
  if (taken.length < 2 && !/^\*\.(wav|mp3|json|csv)$/i.test(pattern)) return [];
  return [
    issue('MAPPING_INVALID', 'The pattern matches ordinary file names, which would never be received.'),
  ];
};

/**
 * Whether a name fits a pattern, in time that grows with the product of their lengths at worst: of several stars only the
 * last ever gives characters back.
 */
const matches = (pattern: string, name: string): boolean => {
  let [at, from] = [0, 0];
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    if (pattern[from] === '*') {
      star = from;
      starAt = at;
      from += 1;
    } else if (from < pattern.length && (pattern[from] === '?' || pattern[from] === name[at])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      from = star + 1;
      starAt += 1;
      at = starAt;
    } else return false;
  }
  while (pattern[from] === '*') from += 1;
  return from === pattern.length;
};
