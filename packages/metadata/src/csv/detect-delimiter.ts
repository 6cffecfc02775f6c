import { scanCsv } from './scan-csv.ts';

const CANDIDATES = [',', ';', '\t', '|'] as const;

/** What is looked at: enough to tell, little enough for a row without end. */
const SAMPLE_LENGTH = 64 * 1024;
const SAMPLE_ROWS = 20;

/** The line some spreadsheets begin a CSV with to name its delimiter; others quote it when they save it again. */
const STATED = /^(?:"sep=([,;\t|])"|sep=([,;\t|]))[,;\t| ]*(?:\r\n|\r|\n)/i;

export interface DetectedDelimiter {
  readonly delimiter: string;
  /** Another that parts the cells just as well, so that nobody can tell; null where there is none. */
  readonly rival: string | null;
  /** Where the header row begins. */
  readonly start: number;
}

interface Weight {
  readonly delimiter: string;
  readonly columns: number;
  readonly agreement: number;
}

/**
 * Which of `,` `;` tab and `|` parts the cells: the one that gives the sampled rows the header's number of columns most
 * often, at least two; among equals the one that gives most columns. A file of one column gets the comma. Source: case
 * 66.
 */
export function detectDelimiter(text: string): DetectedDelimiter {
  const stated = STATED.exec(text);
  if (stated !== null)
    return { delimiter: stated[1] ?? stated[2] ?? ',', rival: null, start: stated[0].length };
  const sample = text.slice(0, SAMPLE_LENGTH);
  const isCut = sample.length < text.length;
  const [best, next] = CANDIDATES.map((delimiter) => weigh(sample, delimiter, isCut))
    .filter(({ columns }) => columns > 1)
    .sort((a, b) => b.agreement - a.agreement || b.columns - a.columns);
  const isTie =
    best !== undefined &&
    next !== undefined &&
    best.agreement === next.agreement &&
    best.columns === next.columns;
  return { delimiter: best?.delimiter ?? ',', rival: isTie ? next.delimiter : null, start: 0 };
}

/** A delimiter as a message names it. */
export const nameOfDelimiter = (delimiter: string): string =>
  delimiter === '\t' ? 'tab' : `\`${delimiter}\``;

function weigh(sample: string, delimiter: string, isCut: boolean): Weight {
  const rows: (readonly string[])[] = [];
  for (const row of scanCsv(sample, 0, delimiter, { rowLength: SAMPLE_LENGTH, cells: SAMPLE_LENGTH })) {
    if (row.kind === 'fault' || rows.length === SAMPLE_ROWS) break;
    if (!row.isBlank) rows.push(row.cells);
  }
  // The last row of a cut sample may have lost cells.
  const whole = isCut && rows.length > 1 && rows.length < SAMPLE_ROWS ? rows.slice(0, -1) : rows;
  const columns = columnsOf(whole[0] ?? []);
  const agreeing = whole.filter(
    (cells) => cells.length >= columns && cells.slice(columns).every((cell) => cell.trim() === ''),
  ).length;
  return { delimiter, columns, agreement: whole.length === 0 ? 0 : agreeing / whole.length };
}

/** Columns of a header that have a name, or are followed by one that has. */
function columnsOf(header: readonly string[]): number {
  const last = header.findLastIndex((name) => name.trim() !== '');
  return last + 1;
}
