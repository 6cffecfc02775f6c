import type { MediaBytes } from '../media-bytes.ts';

const MAX_OBJECTS = 1_000;
const OBJECT_HEADER_BYTES = 24;

/**
 * Whether a Windows Media file breaks off: each of its top-level objects (header, data, indexes) declares its size,
 * a 16-byte id before it included. A broadcast does not know the size of its data and says zero, or a bare header.
 */
export const isAsfTruncated = (bytes: MediaBytes): boolean => {
  let offset = 0;
  for (let count = 0; count < MAX_OBJECTS; count += 1) {
    const header = bytes.readAll(offset, OBJECT_HEADER_BYTES);
    if (header === null) return false;
    const size = Number(header.readBigUInt64LE(16));
    // 50 is the fixed part of a data object. Past 2^53 the number is no size.
    if (size < OBJECT_HEADER_BYTES || size === 50 || size > Number.MAX_SAFE_INTEGER) return false;
    offset += size;
    if (offset > bytes.sizeBytes) return true;
  }
  return false;
};
