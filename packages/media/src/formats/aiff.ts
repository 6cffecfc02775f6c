import type { MediaBytes } from '../media-bytes.ts';
import { isFormTruncated, isSoundTruncated, walkChunks } from './iff.ts';

/** Whether an AIFF or AIFF-C file is short of the sound or the form it declares. */
export const isAiffTruncated = (bytes: MediaBytes): boolean => {
  const head = bytes.readAll(0, 12);
  if (head === null || isFormTruncated(bytes, 8, head.readUInt32BE(4))) return true;
  for (const chunk of walkChunks(bytes, 12, 'BE')) {
    if (isSoundTruncated(bytes, chunk.start, chunk.declaredBytes)) return true;
    // What follows a stream's sound of unknown size is more sound.
    if (chunk.id === 'SSND') return false;
  }
  return false;
};
