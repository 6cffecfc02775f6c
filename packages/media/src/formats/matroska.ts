import type { MediaBytes } from '../media-bytes.ts';

const SEGMENT = 0x18538067;
const MAX_ELEMENTS = 50_000;

interface Element {
  readonly id: number;
  readonly start: number;
  /** Null where the writer did not know: a live stream. */
  readonly sizeBytes: number | null;
}

/**
 * Whether a Matroska or WebM file breaks off: its segment, or inside a segment of unknown size one of the
 * elements, runs past the end.
 */
export const isMatroskaTruncated = (bytes: MediaBytes): boolean => {
  let offset = 0;
  for (let count = 0; count < MAX_ELEMENTS && offset < bytes.sizeBytes; count += 1) {
    const element = readElement(bytes, offset);
    if (element === null) return false;
    if (element.sizeBytes === null && element.id !== SEGMENT) return false;
    offset = element.start + (element.sizeBytes ?? 0);
    if (offset > bytes.sizeBytes) return true;
    if (element.sizeBytes !== null && element.id === SEGMENT) return false;
  }
  return false;
};

/** An element's id keeps its length marker, its size does not; a size of all ones is unknown. */
const readElement = (bytes: MediaBytes, offset: number): Element | null => {
  const head = bytes.read(offset, 12);
  const idLength = vintLength(head, 0);
  const sizeLength = vintLength(head, idLength);
  if (idLength > 4 || sizeLength > 8 || head.length < idLength + sizeLength) return null;
  const marked = BigInt(`0x${head.toString('hex', idLength, idLength + sizeLength)}`);
  const allOnes = (1n << BigInt(7 * sizeLength)) - 1n;
  const size = marked & allOnes;
  return {
    id: head.readUIntBE(0, idLength),
    start: offset + idLength + sizeLength,
    sizeBytes: size === allOnes ? null : Number(size),
  };
};

/** Bytes of the number at `offset`, by its leading zero bits; 9 where there is none. */
const vintLength = (head: Buffer, offset: number): number =>
  offset < head.length ? Math.clz32(head.readUInt8(offset)) - 23 : 9;
