/** Where a command writes: people's lines and tables, or one JSON document with `--json`. */
export interface Output {
  readonly isJson: boolean;
  /** A line for people; nothing with `--json`. */
  line(text?: string): void;
  /** The command's result; only with `--json`. */
  json(value: unknown): void;
  /** A table for people; nothing with `--json`. */
  table(headings: readonly string[], rows: readonly (readonly (string | number | null)[])[]): void;
}

/** Control characters in what others named would let a file name rewrite the terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });

function toTable(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cells = [
    headings,
    ...rows.map((row) => row.map((cell) => (cell === null ? '-' : printable(String(cell))))),
  ];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
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
      if (!isJson) write(rows.length === 0 ? '(none)\n' : `${toTable(headings, rows)}\n`);
    },
  };
}
