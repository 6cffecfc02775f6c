/** Half a character, which no text decodes to: it stands where bytes were not text, until its row or file is refused. */
export const BROKEN = '\ud800';

/** Bytes of the UTF-8 character that begins at `at`; 0 where no whole one does. */
function lengthAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let next = at + 2; next < at + length; next += 1) if ((bytes[next]! & 0xc0) !== 0x80) return 0;
  return length;
}

export interface Utf8Census {
  /** Characters of several bytes that are whole. */
  readonly whole: number;
  /** Those of them that Western text is full of: Latin letters with accents, quotes, dashes, the euro sign. */
  readonly western: number;
  /** Bytes that belong to no character. */
  readonly broken: number;
  /** Those of them that are control characters in the standards of ISO 8859: no text has them. */
  readonly controls: number;
}

export function countUtf8(bytes: Uint8Array): Utf8Census {
  let whole = 0;
  let western = 0;
  let broken = 0;
  let controls = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = lengthAt(bytes, at);
    if (length > 1) {
      whole += 1;
      const first = bytes[at]!;
      if (first === 0xc2 || first === 0xc3 || first === 0xe2) western += 1;
    } else if (length === 0) {
      broken += 1;
      if (bytes[at]! >= 0x80 && bytes[at]! < 0xa0) controls += 1;
    }
    at += length || 1;
  }
  return { whole, western, broken, controls };
}

/** Where the first byte stands that belongs to no character; the length of the bytes where all do. */
export function findBroken(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = lengthAt(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}

/** UTF-8 as text in which BROKEN stands for each byte that belongs to no character. */
export function decodeBrokenUtf8(bytes: Buffer): string {
  let text = '';
  for (let start = 0; start < bytes.length; ) {
    const end = start + findBroken(bytes.subarray(start));
    text += bytes.toString('utf8', start, end);
    if (end < bytes.length) text += BROKEN;
    start = end + 1;
  }
  return text;
}

/** Where the last character of `bytes` begins, if it lacks bytes, else their end. */
export function cutOfUtf8(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return wanted > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}
