import { type Issue, issue } from '../issue.ts';

/** A value whose keys have lost the white space around them. */
export interface TrimmedKeys {
  readonly value: unknown;
  /** One `KEY_TRIMMED` for each key that had some. */
  readonly warnings: readonly Issue[];
  /** One `KEY_TWICE` for each key that is there twice without it. */
  readonly issues: readonly Issue[];
}

const MAX_NAMED = 100;

/** Trims the keys of the objects down to `depth`: `"    ChurnRisk"` is `ChurnRisk`. Source: case 74. */
export function trimKeys(input: unknown, depth: number): TrimmedKeys {
  const warnings: Issue[] = [];
  const issues: Issue[] = [];
  const trim = (value: unknown, path: string, left: number): unknown => {
    if (left === 0 || typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, n) => trim(item, `${path}[${n}]`, left - 1));
    const trimmed: [string, unknown][] = [];
    const seen = new Set<string>();
    for (const [key, item] of Object.entries(value)) {
      const name = key.trim();
      const at = path === '' ? name : `${path}.${name}`;
      if (seen.has(name) && issues.length < MAX_NAMED) {
        issues.push(issue('KEY_TWICE', 'This key is there twice, once with spaces around it.', at));
      }
      if (name !== key && warnings.length < MAX_NAMED) {
        warnings.push(issue('KEY_TRIMMED', 'The spaces around this key were removed.', at));
      }
      seen.add(name);
      trimmed.push([name, trim(item, at, left - 1)]);
    }
    return Object.fromEntries(trimmed);
  };
  return { value: trim(input, '', depth), warnings, issues };
}
