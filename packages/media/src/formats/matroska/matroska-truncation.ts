import { ByteCursor } from '../../byte-cursor.ts';
import type { MediaBytes } from '../../media-bytes.ts';
import { mediaEnd } from '../tail-tags.ts';
import { CLUSTER_IDS, ID, MAX_HEADER_BYTES, readElement, SEGMENT_IDS } from './ebml.ts';

const MAX_ELEMENTS = 1_000_000;
const HEADER = 0x1a45dfa3;

/**
 * Whether a Matroska or WebM file breaks off: its segment, or inside a segment or cluster of unknown size one of the
 * elements that belong there, runs past the end. Whatever else follows was appended and accuses nobody.
 */
export const isMatroskaTruncated = (bytes: MediaBytes): boolean => {
  const cursor = new ByteCursor(bytes);
  const end = mediaEnd(bytes);
  let offset = 0;
  let isInSegment = false;
  for (let count = 0; count < MAX_ELEMENTS && offset < end; count += 1) {
    const element = readElement(cursor.read(offset, MAX_HEADER_BYTES), offset);
    if (element === null) return false;
    const isKnown = isInSegment ? isOfSegment(cursor, element) : [HEADER, ID.segment].includes(element.id);
    if (!isKnown) return false;
    if (element.sizeBytes === null) {
      if (element.id !== ID.segment && element.id !== ID.cluster) return false;
      isInSegment = true;
      offset = element.start;
      continue;
    }
    offset = element.start + element.sizeBytes;
    if (offset > bytes.sizeBytes) return true;
    if (element.id === ID.segment) return false;
  }
  return false;
};

/** Ids of one byte are met by chance: a block must look like one too, and no other of them is long. */
const isOfSegment = (
  cursor: ByteCursor,
  element: { id: number; start: number; sizeBytes: number | null },
): boolean => {
  const { id, start, sizeBytes } = element;
  if (SEGMENT_IDS.has(id)) return id > 0xff || sizeBytes !== null;
  if (!CLUSTER_IDS.has(id) || sizeBytes === null) return false;
  if (id === ID.simpleBlock) {
    const head = cursor.readAll(start, 4);
    // A track of few, and no bits where the format has none.
    return (
      head !== null &&
      head.readUInt8(0) > 0x80 &&
      head.readUInt8(0) < 0xa0 &&
      (head.readUInt8(3) & 0x70) === 0
    );
  }
  if (id === ID.blockGroup) return cursor.read(start, 1)[0] === ID.block;
  return id === 0x5854 || sizeBytes <= 8;
};
