/** A day has fewer calls. */
const MAX_NAMES = 100_000;

/**
 * The archives that an `.end` file lists, one a line or with commas between them, in any form of quotes; without their folders.
 * Names without an extension mean archives. Source: K1.
 */
export function readBundleList(text: string): {
  readonly names: readonly string[];
  readonly isTooLong: boolean;
} {
  const names = new Set<string>();
  for (const part of text.replace(/^\ufeff/, '').split(/[\r\n,]+/)) {
    const written = part.replace(/^[\s"'[\]“”]+|[\s"'[\]“”]+$/gu, '').normalize('NFC');
    const name = written.slice(Math.max(written.lastIndexOf('/'), written.lastIndexOf('\\')) + 1);
    if (name === '') continue;
    if (names.size === MAX_NAMES) return { names: [...names], isTooLong: true };
    names.add(/\.zip$/i.test(name) ? name : `${name}.zip`);
  }
  return { names: [...names], isTooLong: false };
}
