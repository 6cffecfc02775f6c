/** What the name of a file of a Kaia export says it is: an archive, the file that releases it, the list of a day. Source: K1. */
export interface BundleName {
  readonly role: 'bundle' | 'trigger' | 'list';
  /** What the archive and its trigger share. */
  readonly stem: string;
  /** What stands before the last `+`, as it is written; null where there is none. */
  readonly time: string | null;
  /** What stands after the last `+`; it may hold `-`. Null in the name of a list. */
  readonly instanceId: string | null;
}

const ROLES = { zip: 'bundle', done: 'trigger', end: 'list' } as const;
const FORM = /^KAIA-(?<rest>.+)\.(?<ext>zip|done|end)$/isu;

/**
 * Reads `KAIA-<RFC 3339>+<instance id>.zip`, `.done`, and `KAIA-<RFC 3339>.end`; null for every other name. A time with an offset
 * holds a `+` of its own, so that the last one counts. Source: case 102.
 */
export function parseBundleName(name: string): BundleName | null {
  const { rest, ext } = FORM.exec(name.normalize('NFC'))?.groups ?? {};
  if (rest === undefined || ext === undefined) return null;
  const role = ROLES[ext.toLowerCase() as keyof typeof ROLES];
  const stem = name.normalize('NFC').slice(0, -ext.length - 1);
  if (role === 'list') return { role, stem, time: rest, instanceId: null };
  const plus = rest.lastIndexOf('+');
  const [time, instanceId] = plus < 0 ? [null, rest] : [rest.slice(0, plus), rest.slice(plus + 1)];
  return { role, stem, time, instanceId };
}

/** Whether a file has the name of a member of a bundle: nothing else is read from it. */
export const isMemberStem = (stem: string): boolean => /^KAIA-.+\+.+$/isu.test(stem);
