import { type MediaBytes, STEP_LIMIT_BYTES } from '../../media-bytes.ts';
import { NOTHING_PROBED, type Probe } from '../probe.ts';
import { PacketTimes, readTime, type TimedPacket } from './packet-times.ts';

/** Head and tail in which packets are looked for: seconds of any film. */
const WINDOW_BYTES = 1024 * 1024;
/** Between them as many windows show whether one clock runs through the whole file. */
const SAMPLES = 16;
const SAMPLE_BYTES = 256 * 1024;
const START_CODE = Buffer.from([0, 0, 1]);
/** Length, stuffing, buffer size and times at their longest. */
const MIN_PACKET_BYTES = 30;
const PRIVATE_STREAM = 0xbd;

/**
 * MPEG program streams (ISO 11172-1, 13818-1): duration from the first time to the end of the last, channels and codec
 * of the first MPEG audio or AC-3. Where the clock begins anew, the parts of a
 * short file are added up and a long one has no duration. Elementary streams stay unknown.
 */
export const probeMpegProgram = (bytes: MediaBytes): Probe => {
  const windows = windowsOf(bytes.sizeBytes, STEP_LIMIT_BYTES / 2);
  const times = new PacketTimes(windows.length === 1);
  for (const { from, length } of windows) {
    for (const packet of findPackets(bytes.read(from, length))) times.take(packet);
  }
  if (times.sound === null && times.seconds === null) return NOTHING_PROBED;
  return {
    durationSeconds: times.seconds,
    channels: times.sound?.channels ?? null,
    codec: times.sound?.codec ?? null,
    hasVideo: times.hasVideo,
  };
};

/** The whole of a short file; head, samples and tail of a long one. */
export const windowsOf = (sizeBytes: number, wholeBytes: number): { from: number; length: number }[] => {
  if (sizeBytes <= wholeBytes) return [{ from: 0, length: sizeBytes }];
  const samples = Array.from({ length: SAMPLES }, (_, index) => ({
    from: Math.floor((sizeBytes * (index + 1)) / (SAMPLES + 2)),
    length: SAMPLE_BYTES,
  }));
  return [
    { from: 0, length: WINDOW_BYTES },
    ...samples,
    { from: sizeBytes - WINDOW_BYTES, length: WINDOW_BYTES },
  ];
};

/** Packets that carry a time. Start codes never occur inside MPEG video, so that nearly any found is a true one. */
function* findPackets(window: Buffer): Generator<TimedPacket, undefined> {
  for (let at = window.indexOf(START_CODE); at >= 0; ) {
    const streamId = window[at + 3] ?? 0;
    const isSound = streamId >> 5 === 6 || streamId === PRIVATE_STREAM;
    const isPacket = isSound || streamId >> 4 === 0xe;
    const packet = isPacket ? readPacket(window.subarray(at + 4), streamId) : null;
    if (packet !== null) yield packet;
    // Sound may hold a start code by chance: its packets are passed over whole.
    const next = packet !== null && isSound ? at + 6 + window.readUInt16BE(at + 4) : at + 3;
    at = window.indexOf(START_CODE, next);
  }
}

/** Reads a packet from its length field on. */
const readPacket = (rest: Buffer, streamId: number): TimedPacket | null => {
  if (rest.length < MIN_PACKET_BYTES) return null;
  const sizeBytes = rest.readUInt16BE(0);
  const packet = sizeBytes === 0 ? rest : rest.subarray(0, 2 + sizeBytes);
  if (packet.length < MIN_PACKET_BYTES) return null;
  const layout = packet.readUInt8(2) >> 6 === 2 ? mpeg2Layout(packet) : mpeg1Layout(packet);
  const playsAt = layout === null ? null : readTime(packet, layout.timeAt);
  if (layout === null || playsAt === null) return null;
  const isPrivate = streamId === PRIVATE_STREAM;
  const kind = packet[layout.payloadAt] ?? 0;
  // Private streams hold AC-3, DTS and PCM under numbers of their own, and subtitles, which are not sound.
  if (isPrivate && (kind < 0x80 || kind > 0xcf)) return null;
  const payload = packet.subarray(layout.payloadAt + (isPrivate ? 4 : 0));
  return { stream: isPrivate ? 0x100 + kind : streamId, isSound: streamId >> 4 !== 0xe, playsAt, payload };
};

/** Where a packet's time and payload begin, counted from its length field. */
interface Layout {
  readonly timeAt: number;
  readonly payloadAt: number;
}

const mpeg2Layout = (packet: Buffer): Layout | null =>
  (packet.readUInt8(3) & 0x80) === 0 ? null : { timeAt: 5, payloadAt: 5 + packet.readUInt8(4) };

/** MPEG-1 puts up to 16 stuffing bytes and a buffer size before the time, and the decoding time behind it. */
const mpeg1Layout = (packet: Buffer): Layout | null => {
  let at = 2;
  while (at < 18 && packet[at] === 0xff) at += 1;
  if (packet.readUInt8(at) >> 6 === 1) at += 2;
  const mark = packet.readUInt8(at) >> 4;
  if (mark === 2) return { timeAt: at, payloadAt: at + 5 };
  return mark === 3 ? { timeAt: at, payloadAt: at + 10 } : null;
};
