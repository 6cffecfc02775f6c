const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A text as a cell of Postgres COPY text; null is an SQL NULL. */
export const copyText = (text: string | null): string =>
  text === null ? '\\N' : text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!);

/** The same of a text without control characters, such as JSON: only its backslashes are left to be escaped. */
export const copyLine = (text: string): string =>
  text.includes('\\') ? text.replaceAll('\\', '\\\\') : text;
