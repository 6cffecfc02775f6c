import type { MediaBytes } from '../../media-bytes.ts';

type Endian = 'LE' | 'BE';

/** One chunk as its header declares it: `start` is the offset of its payload. */
export interface Chunk {
  readonly id: string;
  readonly start: number;
  readonly declaredBytes: number;
}

/** Headers of the chunks of one level that are looked at. */
const MAX_CHUNKS = 10_000;
/**
 * A declared size from here up means "not known yet": 0xFFFFFFFF (ffmpeg), 0x7FFFFFFF and 0x80000000 (arecord),
 * 0x7FFFF000 (sox).
 */
const UNKNOWN_FROM_BYTES = 0x7ffff000;
/** A form that counts its own eight-byte header, or a pad byte that was never written, is a known slip of writers. */
const FORM_SLACK_BYTES = 9;

/**
 * The size that a header declares, or null where it says that the writer did not know: a stream has 0 or a huge one.
 */
export const declaredSize = (bytes: number): number | null =>
  bytes === 0 || bytes >= UNKNOWN_FROM_BYTES ? null : bytes;

/** The chunks between `from` and `to`, in order, as far as their headers make sense. */
export function* walkChunks(
  bytes: MediaBytes,
  from: number,
  endian: Endian,
  to = bytes.sizeBytes,
): Generator<Chunk> {
  let offset = from;
  for (let count = 0; count < MAX_CHUNKS && offset + 8 <= to; count += 1) {
    const header = bytes.readAll(offset, 8);
    const id = header?.toString('latin1', 0, 4) ?? '';
    if (header === null || !/^[ -~]{4}$/.test(id)) return;
    const declaredBytes = endian === 'LE' ? header.readUInt32LE(4) : header.readUInt32BE(4);
    yield { id, start: offset + 8, declaredBytes };
    const end = offset + 8 + declaredBytes;
    // Odd chunks are padded with a zero, but some writers forget: an id never begins with zero.
    const isPadded = declaredBytes % 2 === 1 && bytes.read(end, 1)[0] === 0;
    offset = isPadded ? end + 1 : end;
  }
}

/** Whether a form (RIFF, FORM) declares more than the file holds. */
export const isFormTruncated = (bytes: MediaBytes, start: number, declaredBytes: number): boolean => {
  const declared = declaredSize(declaredBytes);
  return declared !== null && start + declared > bytes.sizeBytes + FORM_SLACK_BYTES;
};

/**
 * Whether a chunk that holds sound declares more than the file holds. A writer that counted its own header
 * into the size declares exactly the file's size, or that less eight: such a file is whole.
 */
export const isSoundTruncated = (bytes: MediaBytes, start: number, declaredBytes: number): boolean => {
  const declared = declaredSize(declaredBytes);
  if (declared === null || start + declared <= bytes.sizeBytes) return false;
  return declared !== bytes.sizeBytes && declared !== bytes.sizeBytes - 8;
};
