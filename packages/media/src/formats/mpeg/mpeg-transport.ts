import { type MediaBytes, STEP_LIMIT_BYTES } from '../../media-bytes.ts';
import { NOTHING_PROBED, type Probe } from '../probe.ts';
import { windowsOf } from './mpeg-program.ts';
import { PacketTimes, readTime } from './packet-times.ts';

const SYNC = 0x47;
const PACKET_BYTES = 188;
/** A packet of sound is put together up to this size: several frames of any codec. */
const MAX_PAYLOAD_BYTES = 16 * 1024;

/** A packet of the transport layer: its stream, whether a packet of sound or pictures begins in it, and its payload. */
interface TransportPacket {
  readonly pid: number;
  readonly isStart: boolean;
  readonly payload: Buffer;
}

/** An open packet of one stream, until the next one of that stream begins. */
interface Open {
  readonly parts: Buffer[];
  sizeBytes: number;
}

/**
 * MPEG transport streams (ISO 13818-1): duration from the first time to the end of the last over all streams, channels
 * and codec of the first MPEG audio, AAC or AC-3. Blu-ray and camcorders put four bytes before each packet.
 */
export const probeMpegTransport = (bytes: MediaBytes): Probe => {
  const step = bytes.read(0, 1)[0] === SYNC ? PACKET_BYTES : PACKET_BYTES + 4;
  const windows = windowsOf(bytes.sizeBytes, STEP_LIMIT_BYTES / 2);
  const times = new PacketTimes(windows.length === 1);
  for (const { from, length } of windows) {
    const aligned = from - (from % step);
    takeWindow(times, bytes.read(aligned, length), step);
  }
  if (times.sound === null && times.seconds === null) return NOTHING_PROBED;
  return {
    durationSeconds: times.seconds,
    channels: times.sound?.channels ?? null,
    codec: times.sound?.codec ?? null,
    hasVideo: times.hasVideo,
  };
};

const takeWindow = (times: PacketTimes, window: Buffer, step: number): void => {
  const open = new Map<number, Open>();
  for (let at = step - PACKET_BYTES; at + PACKET_BYTES <= window.length; at += step) {
    const packet = readTransport(window.subarray(at, at + PACKET_BYTES));
    if (packet === null) continue;
    const before = open.get(packet.pid);
    if (packet.isStart) {
      if (before !== undefined) takePacket(times, packet.pid, Buffer.concat(before.parts));
      open.set(packet.pid, { parts: [packet.payload], sizeBytes: packet.payload.length });
    } else if (before !== undefined && before.sizeBytes < MAX_PAYLOAD_BYTES) {
      before.parts.push(packet.payload);
      before.sizeBytes += packet.payload.length;
    }
  }
  for (const [pid, { parts }] of open) takePacket(times, pid, Buffer.concat(parts));
};

const readTransport = (packet: Buffer): TransportPacket | null => {
  if (packet[0] !== SYNC) return null;
  const control = (packet.readUInt8(3) >> 4) & 3;
  const payloadAt = control === 3 ? 5 + packet.readUInt8(4) : 4;
  if ((control & 1) === 0 || payloadAt >= PACKET_BYTES) return null;
  return {
    pid: packet.readUInt16BE(1) & 0x1fff,
    isStart: (packet.readUInt8(1) & 0x40) !== 0,
    payload: packet.subarray(payloadAt),
  };
};

/** A packetized elementary stream: start code, stream id, length, flags, length of the header, and the time. */
const takePacket = (times: PacketTimes, pid: number, packet: Buffer): void => {
  if (packet.length < 14 || packet.readUIntBE(0, 3) !== 1) return;
  const streamId = packet.readUInt8(3);
  const isVideo = streamId >> 4 === 0xe;
  // Sound is MPEG audio and AAC, or private as AC-3 is.
  if (!isVideo && streamId >> 5 !== 6 && streamId !== 0xbd && streamId !== 0xfd) return;
  const playsAt = (packet.readUInt8(7) & 0x80) === 0 ? null : readTime(packet, 9);
  if (playsAt === null) return;
  const payload = packet.subarray(9 + packet.readUInt8(8));
  times.take({ stream: pid, isSound: !isVideo, playsAt, payload });
};
