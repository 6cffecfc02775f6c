import type { MediaBytes } from '../media-bytes.ts';

/** Bytes of a field by two bits: none, 8, 16 or 32 bits. */
const WIDTHS = [0, 1, 2, 4];
const MAX_HEADER_BYTES = 32;

/** When a data packet is sent and for how long, both in milliseconds (ASF, 5.2). */
const readPacketTime = (packet: Buffer): { sentAt: number; lasts: number } | null => {
  if (packet.length < MAX_HEADER_BYTES) return null;
  let at = 0;
  const first = packet.readUInt8(0);
  // Error correction comes first where the highest bit says so, with the length of its data in four bits.
  if (first >= 0x80) at += 1 + (first & 15);
  const flags = packet.readUInt8(at);
  // Both flag bytes, then the packet's length, its sequence number and its padding.
  at += 2 + [5, 1, 3].reduce((sum, shift) => sum + WIDTHS[(flags >> shift) & 3]!, 0);
  return at + 6 > packet.length
    ? null
    : { sentAt: packet.readUInt32LE(at), lasts: packet.readUInt16LE(at + 4) };
};

/** Seconds from the first packet to the end of the last; null where either cannot be read. */
export const lastPacketSeconds = (
  bytes: MediaBytes,
  dataStart: number,
  packetBytes: number,
  packets: number,
): number | null => {
  if (packets < 1) return null;
  const first = readPacketTime(bytes.read(dataStart, MAX_HEADER_BYTES));
  const last = readPacketTime(bytes.read(dataStart + (packets - 1) * packetBytes, MAX_HEADER_BYTES));
  if (first === null || last === null || last.sentAt < first.sentAt) return null;
  return (last.sentAt + last.lasts - first.sentAt) / 1000 || null;
};
