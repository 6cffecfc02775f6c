import { ByteCursor } from '../../byte-cursor.ts';
import type { MediaBytes } from '../../media-bytes.ts';

const MAGIC = Buffer.from('OggS');
const HEADER_BYTES = 27;
const MAX_HEADER_BYTES = HEADER_BYTES + 255;
const SEARCH_BYTES = 128 * 1024;

/** One Ogg page (RFC 3533, 6). */
export interface OggPage {
  readonly serial: number;
  readonly isFirst: boolean;
  /** Whether it begins with the rest of a packet. */
  readonly isContinued: boolean;
  /** The position after its last packet, in units of the codec; null where no packet ends in it. */
  readonly granule: number | null;
  readonly lacing: Buffer;
  readonly bodyStart: number;
}

/** The pages of a file in order. What is not a page is passed over; a page that the end cuts off is left out. */
export function* walkPages(bytes: MediaBytes): Generator<OggPage> {
  const cursor = new ByteCursor(bytes);
  let offset = 0;
  while (offset < bytes.sizeBytes) {
    const header = cursor.read(offset, MAX_HEADER_BYTES);
    const page = readPage(header, offset);
    if (page === null) {
      const next = findMagic(cursor, offset + 1);
      if (next === null) return;
      offset = next;
      continue;
    }
    const end = page.bodyStart + page.lacing.reduce((sum, length) => sum + length, 0);
    if (end > bytes.sizeBytes) return;
    yield page;
    offset = end;
  }
}

const readPage = (header: Buffer, offset: number): OggPage | null => {
  if (header.length < HEADER_BYTES || !header.subarray(0, 4).equals(MAGIC) || header[4] !== 0) return null;
  const headerBytes = HEADER_BYTES + header.readUInt8(26);
  if (header.length < headerBytes) return null;
  const flags = header.readUInt8(5);
  const high = header.readUInt32LE(10);
  return {
    serial: header.readUInt32LE(14),
    isFirst: (flags & 2) !== 0,
    isContinued: (flags & 1) !== 0,
    granule: high >= 0x80000000 ? null : high * 2 ** 32 + header.readUInt32LE(6),
    // The cursor's buffer is gone with the next read.
    lacing: Buffer.from(header.subarray(HEADER_BYTES, headerBytes)),
    bodyStart: offset + headerBytes,
  };
};

const findMagic = (cursor: ByteCursor, from: number): number | null => {
  for (let offset = from; offset < cursor.sizeBytes; ) {
    const window = cursor.read(offset, SEARCH_BYTES);
    const at = window.indexOf(MAGIC);
    if (at >= 0) return offset + at;
    if (window.length < SEARCH_BYTES) return null;
    offset += window.length - MAGIC.length + 1;
  }
  return null;
};

/** What a page holds of one packet. */
export interface PacketPart {
  readonly start: number;
  readonly sizeBytes: number;
  /** Whether the packet ends in this page. */
  readonly isEnd: boolean;
}

/** The packets of a page by its lacing values: each ends with the first value under 255. */
export const packetParts = (page: OggPage): PacketPart[] => {
  const parts: PacketPart[] = [];
  let start = page.bodyStart;
  let sizeBytes = 0;
  for (const length of page.lacing) {
    sizeBytes += length;
    if (length === 255) continue;
    parts.push({ start, sizeBytes, isEnd: true });
    start += sizeBytes;
    sizeBytes = 0;
  }
  if (sizeBytes > 0) parts.push({ start, sizeBytes, isEnd: false });
  return parts;
};
