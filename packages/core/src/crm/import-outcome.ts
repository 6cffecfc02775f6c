import type { Issue } from '../issue.ts';
import { type Outcome, outcomeOf, rejectionOf } from '../outcomes.ts';
import type { CrmType } from './crm-types.ts';

/** The row errors that an import's file shows as warnings; the others are counted. */
const MAX_SHOWN = 100;

/** What reading a CRM file found, as far as its outcome depends on it. */
export interface CrmReading {
  /** Why nothing of the file may be used; empty where it may. */
  readonly issues: readonly Issue[];
  /** Rows of data, and how many of them can be used. */
  readonly rows: number;
  readonly written: number;
  /** The first errors of rows in order, and how many rows have each code, the first code first. */
  readonly errors: readonly { readonly line: number; readonly code: string; readonly message: string }[];
  readonly errorCounts: Readonly<Record<string, number>>;
  readonly warnings: readonly Issue[];
}

/** Why a CRM file is rejected as a whole; null where its rows may be applied. */
export function crmRefusal({ issues, rows, written, errorCounts }: CrmReading): Outcome | null {
  if (issues.length > 0) return rejectionOf(issues);
  if (rows === 0 || written > 0) return null;
  const code = Object.keys(errorCounts)[0] === 'ROW_TOO_LARGE' ? 'ROW_TOO_LARGE' : 'METADATA_INVALID';
  return outcomeOf(code, `None of the ${rows} rows can be used.`);
}

/** The outcome of an applied file. `counts` are listed by name, in their order; `errors` counts unusable rows. */
export function crmOutcome(
  type: CrmType,
  counts: Readonly<Record<string, number>> & { readonly errors: number },
): Outcome {
  const listed = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  const outcome = outcomeOf('CRM_IMPORTED', `${type}: ${listed.join(', ')}.`);
  if (counts.errors === 0) return outcome;
  return { ...outcome, fix: 'Correct the rows named in the warnings and send them again.' };
}

/** The warnings of the file, its row errors among them: the first hundred, and how many more there are. */
export function crmWarnings({ errors, errorCounts, warnings }: CrmReading): Issue[] {
  const shown = errors
    .slice(0, MAX_SHOWN)
    .map(({ line, code, message }): Issue => ({ code, message, at: `line ${line}` }));
  const more = Object.values(errorCounts).reduce((sum, count) => sum + count, 0) - shown.length;
  const rest =
    more > 0 ? [{ code: 'METADATA_INVALID', message: `And ${more} more rows with errors.`, at: null }] : [];
  return [...warnings, ...shown, ...rest];
}
