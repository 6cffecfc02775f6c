/** Bytes looked at for the zero bytes that give UTF-16 without a mark away. */
const SAMPLE_BYTES = 1_024;

/**
 * UTF-16 without a mark: many of the characters that formats are made of have a zero byte, on the same side of each
 * pair. Characters such as U+4E00 have one on the other side, and are few. Stray NULs in other text fall on both sides
 * or are few themselves.
 */
export function detectUtf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const end = Math.min(bytes.length, SAMPLE_BYTES) & ~1;
  let even = 0;
  let odd = 0;
  for (let at = 0; at < end; at += 2) {
    if (bytes[at] === 0) even += 1;
    if (bytes[at + 1] === 0) odd += 1;
  }
  const [first, second] = bytes;
  if (isUtf16(odd, even, second === 0, end)) return 'utf-16le';
  if (isUtf16(even, odd, first === 0, end)) return 'utf-16be';
  return null;
}

/** A text that does not begin with a Latin letter must have more zeros, lest a stray NUL or two are taken for it. */
function isUtf16(zeros: number, others: number, beginsSo: boolean, bytes: number): boolean {
  if (others * 8 > zeros) return false;
  return beginsSo ? zeros >= bytes / 8 : zeros >= 4 && zeros >= bytes / 6;
}
