/** Where a command writes: people's lines and tables, or one JSON document with `--json`. */
export interface Output {
  readonly isJson: boolean;
  /** A line for people; nothing with `--json`. */
  line(text?: string): void;
  /** The command's result; only with `--json`. */
  json(value: unknown): void;
  /** A table for people; nothing with `--json`. */
  table(headings: readonly string[], rows: readonly (readonly Cell[])[]): void;
  /** Names and values, one a line; nothing with `--json`. */
  pairs(rows: readonly (readonly [string, Cell])[]): void;
}

/** What a cell of a table shows; null is written as a dash. */
export type Cell = string | number | null | undefined;

/** Control characters in what others named would let a file name rewrite the terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });

const shown = (cell: Cell): string => (cell === null || cell === undefined ? '-' : printable(String(cell)));

function align(cells: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of cells) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function createOutput(isJson: boolean, write: (text: string) => void): Output {
  return {
    isJson,
    line: (text = '') => {
      if (!isJson) write(`${text}\n`);
    },
    json: (value) => {
      if (isJson) write(`${JSON.stringify(value, null, 2)}\n`);
    },
    table: (headings, rows) => {
      if (isJson) return;
      write(rows.length === 0 ? '(none)\n' : `${align([headings, ...rows.map((row) => row.map(shown))])}\n`);
    },
    pairs: (rows) => {
      if (!isJson && rows.length > 0) write(`${align(rows.map((row) => row.map(shown)))}\n`);
    },
  };
}
