import { scanCsv } from './scan-csv.ts';

const CANDIDATES = [',', ';', '\t', '|'] as const;

/** What is looked at: enough to tell, little enough for a row without end. */
const SAMPLE_LENGTH = 64 * 1024;
const SAMPLE_ROWS = 20;

/** The line some spreadsheets begin a CSV with to name its delimiter. */
const STATED = /^sep=([,;\t|])(?:\r\n|\r|\n)/i;

export interface DetectedDelimiter {
  readonly delimiter: string;
  /** Where the header row begins. */
  readonly start: number;
}

/**
 * Which of `,` `;` tab and `|` parts the cells: the one that gives the sampled rows the header's number of columns most
 * often, at least two; among equals the one that gives most columns. A file of one column gets the comma. Source: case
 * 66.
 */
export function detectDelimiter(text: string): DetectedDelimiter {
  const stated = STATED.exec(text);
  if (stated?.[1] !== undefined) return { delimiter: stated[1], start: stated[0].length };
  const sample = text.slice(0, SAMPLE_LENGTH);
  const isCut = sample.length < text.length;
  const [best] = CANDIDATES.map((delimiter) => ({ delimiter, ...weigh(sample, delimiter, isCut) }))
    .filter(({ columns }) => columns > 1)
    .sort((a, b) => b.agreement - a.agreement || b.columns - a.columns);
  return { delimiter: best?.delimiter ?? ',', start: 0 };
}

function weigh(sample: string, delimiter: string, isCut: boolean): { columns: number; agreement: number } {
  const counts: number[] = [];
  for (const row of scanCsv(sample, 0, delimiter, { rowLength: SAMPLE_LENGTH, cells: SAMPLE_LENGTH })) {
    if (row.kind === 'fault' || counts.length === SAMPLE_ROWS) break;
    if (!row.isBlank) counts.push(row.cells.length);
  }
  // The last row of a cut sample may have lost cells.
  const whole = isCut && counts.length > 1 && counts.length < SAMPLE_ROWS ? counts.slice(0, -1) : counts;
  const columns = whole[0] ?? 0;
  const agreeing = whole.filter((count) => count === columns).length;
  return { columns, agreement: whole.length === 0 ? 0 : agreeing / whole.length };
}
