import type { IssueList } from '../issue-list.ts';
import type { MetadataLimits } from '../limits.ts';
import { trimKey } from '../text/trim-key.ts';
import { quoteKey } from '../text/wording.ts';
import type { CsvRow } from './scan-csv.ts';

export interface CsvHeader {
  readonly names: readonly string[];
  /** Cells of the header row, nameless ones at its end included: a data row may be as long, if it is empty there. */
  readonly cellCount: number;
}

/**
 * The column names of a CSV, trimmed. Null when there can be no records: a name is there twice (DUPLICATE_HEADER), is
 * empty, `__proto__` or too long (METADATA_INVALID), or there are too many (ROW_TOO_LARGE). Source: case 68, case 74.
 */
export function readHeader(
  row: CsvRow,
  at: string,
  limits: MetadataLimits,
  issues: IssueList,
  warnings: IssueList,
): CsvHeader | null {
  if (row.isTooLarge) {
    issues.add(
      'ROW_TOO_LARGE',
      `The header is over ${limits.rowLength} characters or ${limits.fieldsPerRecord} columns.`,
      at,
    );
    return null;
  }
  const names = row.cells.map(trimKey);
  while (names.length > 1 && names.at(-1) === '') names.pop();

  const seen = new Set<string>();
  const reported = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (seen.has(name) && name !== '' && !reported.has(name)) {
      reported.add(name);
      issues.add('DUPLICATE_HEADER', `Duplicate column ${quoteKey(name)}: rename one.`, at);
    }
    seen.add(name);
    const complaint = complainOfName(name, index, limits);
    if (complaint !== null) issues.add('METADATA_INVALID', complaint, at);
    if (name !== row.cells[index] && name !== '') {
      warnings.add('KEY_TRIMMED', `White space around the column ${quoteKey(name)} was removed.`, at);
    }
  }
  return issues.isEmpty() ? { names, cellCount: row.cells.length } : null;
}

function complainOfName(name: string, index: number, limits: MetadataLimits): string | null {
  if (name === '') return `Column ${index + 1} has no name.`;
  if (name === '__proto__') return 'The column "__proto__" is refused: rename it.';
  if (name.length > limits.keyLength)
    return `Column ${index + 1} has a name of over ${limits.keyLength} characters.`;
  return null;
}
