/** One difference between two set-ups; `old` or `new` is undefined where only one has the value. */
export interface ConfigChange {
  readonly at: string;
  readonly old?: unknown;
  readonly new?: unknown;
}

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The rows of a field mapping by target: targets are unique, and the order of rows has no meaning. */
function rowsByTarget(value: unknown): Tree | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const named = value.every((row) => isTree(row) && typeof row.target === 'string');
  return named ? Object.fromEntries(value.map((row: { target: string }) => [row.target, row])) : null;
}

/** Equal as JSON, whatever the order of keys. Absent and undefined are the same. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  if (isTree(a) && isTree(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => isEqual(a[key], b[key]));
  }
  return a === b;
}

/**
 * Where two set-ups of a tenant differ, as paths such as `settings.crmWaitSeconds` and
 * `mappings.call.fields.startedAt.formats`; empty where they say the same.
 */
export function diffConfig(before: unknown, after: unknown, at = ''): ConfigChange[] {
  const [rowsBefore, rowsAfter] = [rowsByTarget(before), rowsByTarget(after)];
  const [a, b] = rowsBefore && rowsAfter ? [rowsBefore, rowsAfter] : [before, after];
  if (isTree(a) && isTree(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return keys.flatMap((key) => diffConfig(a[key], b[key], at === '' ? key : `${at}.${key}`));
  }
  if (isEqual(a, b)) return [];
  return [{ at, ...(a === undefined ? {} : { old: a }), ...(b === undefined ? {} : { new: b }) }];
}
