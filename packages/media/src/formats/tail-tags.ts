import type { MediaBytes } from '../media-bytes.ts';

const MAX_TAGS = 16;
const LYRICS3_V1_BYTES = 5_100;

/**
 * Where the media end and the tags begin that programs append to any kind of file: ID3v1 and its extension, Lyrics3,
 * APEv2, and ID3v2 with a footer. The size of the file where there are none.
 */
export const mediaEnd = (bytes: MediaBytes): number => {
  let end = bytes.sizeBytes;
  for (let tags = 0; tags < MAX_TAGS; tags += 1) {
    const start = tagStart(bytes, end);
    if (start === null || start < 0 || start >= end) return end;
    end = start;
  }
  return end;
};

/** Where the tag that ends at `end` begins; null where none does. */
const tagStart = (bytes: MediaBytes, end: number): number | null => {
  const tail = bytes.read(Math.max(0, end - 128), Math.min(end, 128));
  const isAt = (text: string, fromEnd: number): boolean => {
    const at = tail.length - fromEnd;
    return at >= 0 && tail.toString('latin1', at, at + text.length) === text;
  };
  if (isAt('TAG', 128)) {
    const isExtended = end >= 355 && bytes.read(end - 355, 4).toString('latin1') === 'TAG+';
    return end - (isExtended ? 355 : 128);
  }
  if (isAt('APETAGEX', 32)) {
    const footer = tail.subarray(tail.length - 32);
    const hasHeader = footer.readUInt32LE(20) >= 0x80000000;
    return end - footer.readUInt32LE(12) - (hasHeader ? 32 : 0);
  }
  if (isAt('3DI', 10)) {
    const size = [4, 3, 2, 1].reduce((sum, fromEnd) => (sum << 7) | (tail[tail.length - fromEnd]! & 0x7f), 0);
    return end - size - 20;
  }
  if (isAt('LYRICS200', 9)) {
    const size = Number.parseInt(tail.toString('latin1', tail.length - 15, tail.length - 9), 10);
    return Number.isNaN(size) ? null : end - size - 15;
  }
  return isAt('LYRICSEND', 9) ? lyricsStart(bytes, end) : null;
};

/** The first version of Lyrics3 has no size, but a mark at its beginning. */
const lyricsStart = (bytes: MediaBytes, end: number): number | null => {
  const from = Math.max(0, end - LYRICS3_V1_BYTES - 20);
  const at = bytes
    .read(from, end - from)
    .toString('latin1')
    .lastIndexOf('LYRICSBEGIN');
  return at < 0 ? null : from + at;
};
