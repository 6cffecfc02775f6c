import type { MediaBytes } from '../../media-bytes.ts';
import { mediaEnd } from '../tail-tags.ts';

const MAGIC = Buffer.from('OggS');
const HEADER_BYTES = 27;
/** Longest page: its header, 255 lacing values, 255 × 255 bytes. */
const MAX_PAGE_BYTES = HEADER_BYTES + 255 + 255 * 255;

/**
 * Whether an Ogg file breaks off inside its last page. A file that ends with a page is left alone even without the
 * end-of-stream mark: recorders that are stopped never write it.
 */
export const isOggTruncated = (bytes: MediaBytes): boolean => {
  const mediaEndAt = mediaEnd(bytes);
  const tailStart = Math.max(0, mediaEndAt - 2 * MAX_PAGE_BYTES);
  const tail = bytes.read(tailStart, mediaEndAt - tailStart);
  let offset = tail.indexOf(MAGIC);
  while (offset >= 0) {
    const end = pageEnd(tail, offset);
    if (end === null || end > tail.length) return true;
    if (end === tail.length) return false;
    if (!tail.subarray(end, end + 4).equals(MAGIC.subarray(0, tail.length - end))) {
      // Something that is not a page follows: look for the next page, if there is one.
      offset = tail.indexOf(MAGIC, end);
      continue;
    }
    if (tail.length - end < 4) return true;
    offset = end;
  }
  return false;
};

/** Offset after the page that begins at `offset`, by its lacing values; null where its header is cut. */
const pageEnd = (tail: Buffer, offset: number): number | null => {
  if (offset + HEADER_BYTES > tail.length) return null;
  const lacingStart = offset + HEADER_BYTES;
  const lacingEnd = lacingStart + tail.readUInt8(offset + 26);
  if (lacingEnd > tail.length) return null;
  return tail.subarray(lacingStart, lacingEnd).reduce((sum, length) => sum + length, lacingEnd);
};
