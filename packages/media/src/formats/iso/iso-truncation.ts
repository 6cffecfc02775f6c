import { ByteCursor } from '../../byte-cursor.ts';
import type { MediaBytes } from '../../media-bytes.ts';
import { mediaEnd } from '../tail-tags.ts';

const MAX_BOXES = 50_000;
/** Boxes that stand at the top level of a file. What a program appended can look like a box, but not like one of these. */
const TOP_LEVEL = new Set(
  'ftyp styp moov moof mdat mfra sidx ssix prft free skip wide pnot udta uuid meta emsg pdin imda'.split(' '),
);

/**
 * Whether an ISO media file (mp4, m4a, mov, 3gp) breaks off: a box that runs past the end, or an end that came
 * before the `moov` box, without which nothing plays. Tags and other bytes after the last box are left alone.
 */
export const isIsoTruncated = (bytes: MediaBytes): boolean => {
  const cursor = new ByteCursor(bytes);
  const end = mediaEnd(bytes);
  let offset = 0;
  let hasMovie = false;
  let last = '';
  for (let count = 0; count < MAX_BOXES && offset + 8 <= end; count += 1) {
    const header = cursor.read(offset, 16);
    const type = header.toString('latin1', 4, 8);
    // Not a box: padding or a tag that someone appended, or a format of which we know too little to judge.
    if (!/^[ -~\xa9]{4}$/.test(type)) return false;
    hasMovie ||= type === 'moov';
    const size = boxSize(header, bytes.sizeBytes - offset);
    if (size === null || size < 8) return false;
    if (offset + size > bytes.sizeBytes) return count === 0 || TOP_LEVEL.has(type);
    offset += size;
    last = type;
  }
  // The samples of a fragment stand behind its header.
  return (!hasMovie || last === 'moof') && offset + 8 > end;
};

/**
 * Size of a box with its header: 1 means that 64 bits follow, 0 that it reaches to the end. Null where it is not a size.
 */
const boxSize = (header: Buffer, leftBytes: number): number | null => {
  const size = header.readUInt32BE(0);
  if (size === 0) return leftBytes;
  if (size !== 1) return size;
  if (header.length < 16) return leftBytes + 1;
  const size64 = Number(header.readBigUInt64BE(8));
  return size64 > Number.MAX_SAFE_INTEGER ? null : size64;
};
