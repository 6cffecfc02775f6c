/** One element of a Matroska file by its header. */
export interface Element {
  readonly id: number;
  readonly start: number;
  /** Null where the writer did not know: a live stream. */
  readonly sizeBytes: number | null;
}

/** Longest header: an id of four bytes and a size of eight. */
export const MAX_HEADER_BYTES = 12;

/** An element's id keeps its length marker, its size does not; a size of all ones is unknown. */
export const readElement = (head: Buffer, offset: number): Element | null => {
  const idLength = vintLength(head, 0);
  const sizeLength = vintLength(head, idLength);
  if (idLength > 4 || sizeLength > 8 || head.length < idLength + sizeLength) return null;
  const first = head.readUInt8(idLength) & (0xff >> sizeLength);
  let size = first;
  let isUnknown = first === 0xff >> sizeLength;
  for (let at = idLength + 1; at < idLength + sizeLength; at += 1) {
    size = size * 256 + head.readUInt8(at);
    isUnknown &&= head.readUInt8(at) === 0xff;
  }
  return {
    id: head.readUIntBE(0, idLength),
    start: offset + idLength + sizeLength,
    sizeBytes: isUnknown ? null : size,
  };
};

/** Bytes of the number at `offset`, by its leading zero bits; 9 where there is none. */
export const vintLength = (head: Buffer, offset: number): number =>
  offset < head.length ? Math.clz32(head.readUInt8(offset)) - 23 : 9;

/** The elements inside a buffer, as far as they are whole; `start` counts from the buffer's beginning. */
export function* walkElements(buffer: Buffer): Generator<{ id: number; body: Buffer }> {
  let offset = 0;
  while (offset < buffer.length) {
    const element = readElement(buffer.subarray(offset, offset + MAX_HEADER_BYTES), offset);
    if (element === null || element.sizeBytes === null) return;
    yield { id: element.id, body: buffer.subarray(element.start, element.start + element.sizeBytes) };
    offset = element.start + element.sizeBytes;
  }
}

export const readUnsigned = (body: Buffer): number =>
  body.subarray(0, 8).reduce((value, byte) => value * 256 + byte, 0);

export const readFloat = (body: Buffer): number | null => {
  if (body.length === 4) return body.readFloatBE(0);
  return body.length === 8 ? body.readDoubleBE(0) : null;
};

export const ID = {
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  defaultDuration: 0x23e383,
  audio: 0xe1,
  channels: 0x9f,
  cluster: 0x1f43b675,
  clusterTime: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
} as const;

/** What may stand right inside a segment. */
export const SEGMENT_IDS: ReadonlySet<number> = new Set([
  ID.info,
  ID.tracks,
  ID.cluster,
  0x114d9b74,
  0x1c53bb6b,
  0x1941a469,
  0x1043a770,
  0x1254c367,
  0xec,
  0xbf,
]);
/** What may stand right inside a cluster, and so in a live stream right behind the segment's header. */
export const CLUSTER_IDS: ReadonlySet<number> = new Set([
  ID.clusterTime,
  ID.simpleBlock,
  ID.blockGroup,
  0x5854,
  0xa7,
  0xab,
  0xaf,
  0xec,
  0xbf,
]);
