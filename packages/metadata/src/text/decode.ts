import iconv from 'iconv-lite';

export type Decoded =
  | { readonly ok: true; readonly text: string; readonly encoding: string }
  | { readonly ok: false; readonly encoding: string; readonly message: string };

/** Bytes looked at for the zero bytes that give UTF-16 without a mark away. */
const SAMPLE_BYTES = 1_024;

const BYTE_ORDER_MARK = 0xfeff;

/**
 * What the bytes of a text file say, and in which encoding, without any byte order mark.
 * A mark decides; then zero bytes on one side of each pair (UTF-16); then UTF-8 if it is valid; then Windows-1252,
 * unless a byte has no meaning there: a character is never guessed. Source: case 66.
 */
export function decodeText(bytes: Uint8Array): Decoded {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return decodeStrictly(bytes, 'utf-8');
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeStrictly(bytes, 'utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeStrictly(bytes, 'utf-16be');
  const utf16 = detectUtf16(bytes);
  if (utf16 !== null) return decodeStrictly(bytes, utf16);
  const utf8 = decodeStrictly(bytes, 'utf-8');
  return utf8.ok ? utf8 : decodeWindows1252(bytes);
}

function decodeStrictly(bytes: Uint8Array, encoding: string): Decoded {
  try {
    const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
    return { ok: true, text: withoutMarks(text), encoding };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return {
      ok: false,
      encoding,
      message: `The file begins as ${encoding} but is not valid ${encoding}: send it again, whole.`,
    };
  }
}

export const UNKNOWN_ENCODING = 'The text is neither UTF-8, UTF-16 nor Windows-1252: send it as UTF-8.';

function decodeWindows1252(bytes: Uint8Array): Decoded {
  const encoding = 'windows-1252';
  const text = iconv.decode(bytes, encoding);
  if (text.includes('\ufffd')) {
    return {
      ok: false,
      encoding: 'unknown',
      message: UNKNOWN_ENCODING,
    };
  }
  return { ok: true, text, encoding };
}

/**
 * UTF-16 without a mark: the first character, and many of those that formats are made of, have a zero byte, always on
 * the same side. A stray NUL in other text is hardly ever all of that.
 */
export function detectUtf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const end = Math.min(bytes.length, SAMPLE_BYTES) & ~1;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < end; i += 2) {
    if (bytes[i] === 0) even += 1;
    if (bytes[i + 1] === 0) odd += 1;
  }
  const enough = end / 8;
  if (bytes[1] === 0 && odd >= enough && even === 0) return 'utf-16le';
  if (bytes[0] === 0 && even >= enough && odd === 0) return 'utf-16be';
  return null;
}

/** Some programs put a mark before a text that has one already. */
function withoutMarks(text: string): string {
  let start = 0;
  while (text.charCodeAt(start) === BYTE_ORDER_MARK) start += 1;
  return start === 0 ? text : text.slice(start);
}
