import type { MediaBytes } from '../media-bytes.ts';

const MAX_BOXES = 50_000;

/**
 * Whether an ISO media file (mp4, m4a, mov, 3gp) breaks off: a box that runs past the end, or an end that came
 * before the `moov` box, without which nothing plays. A few bytes after the last box are left alone.
 */
export const isMp4Truncated = (bytes: MediaBytes): boolean => {
  let offset = 0;
  let hasMovie = false;
  for (let count = 0; count < MAX_BOXES && offset + 8 <= bytes.sizeBytes; count += 1) {
    const header = bytes.read(offset, 16);
    const type = header.toString('latin1', 4, 8);
    // Not a box: padding or a tag that someone appended, or a format of which we know too little to judge.
    if (!/^[ -~\xa9]{4}$/.test(type)) return false;
    hasMovie ||= type === 'moov';
    const size = boxSize(header, bytes.sizeBytes - offset);
    if (size === null || size < 8) return false;
    offset += size;
  }
  if (offset > bytes.sizeBytes) return true;
  return !hasMovie && offset + 8 > bytes.sizeBytes;
};

/**
 * Size of a box with its header: 1 means that 64 bits follow, 0 that it reaches to the end. Null where it is no size.
 */
const boxSize = (header: Buffer, leftBytes: number): number | null => {
  const size = header.readUInt32BE(0);
  if (size === 0) return leftBytes;
  if (size !== 1) return size;
  if (header.length < 16) return leftBytes + 1;
  const size64 = Number(header.readBigUInt64BE(8));
  return size64 > Number.MAX_SAFE_INTEGER ? null : size64;
};
