export interface Locator {
  /** `line L` of an offset. */
  readonly line: (offset: number) => string;
  /** `line L, column C` of an offset; columns count UTF-16 units from 1. */
  readonly place: (offset: number) => string;
}

/**
 * Turns offsets into places for people. CR, LF and CRLF each end one line. It remembers where it was, so that
 * asking in ascending order costs one pass over the text in all.
 */
export function createLocator(text: string): Locator {
  let line = 1;
  let lineStart = 0;
  let scanned = 0;

  const moveTo = (offset: number): void => {
    if (offset < lineStart) {
      line = 1;
      lineStart = 0;
      scanned = 0;
    }
    const end = Math.min(offset, text.length);
    for (; scanned < end; scanned += 1) {
      const code = text.charCodeAt(scanned);
      const endsLine = code === 0x0a || (code === 0x0d && text.charCodeAt(scanned + 1) !== 0x0a);
      if (endsLine) {
        line += 1;
        lineStart = scanned + 1;
      }
    }
  };

  return {
    line(offset) {
      moveTo(offset);
      return `line ${line}`;
    },
    place(offset) {
      moveTo(offset);
      return `line ${line}, column ${Math.min(offset, text.length) - lineStart + 1}`;
    },
  };
}
