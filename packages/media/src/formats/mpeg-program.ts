import type { MediaBytes } from '../media-bytes.ts';
import { type MpegFrame, readMpegFrame } from './mpeg-audio.ts';
import { NOTHING_PROBED, type Probe } from './probe.ts';

/** Head and tail in which packets of sound are looked for: seconds of any film. */
const WINDOW_BYTES = 1024 * 1024;
const START_CODE = Buffer.from([0, 0, 1]);
const CLOCK_HZ = 90_000;
/** Length, stuffing, buffer size and times at their longest. */
const MIN_PACKET_BYTES = 30;
const MAX_FRAME_BYTES = 2_048;

/** A packet of MPEG sound in a program stream. */
interface SoundPacket {
  /** When the first frame that begins in it plays, in ticks of a 90 kHz clock of 33 bits. */
  readonly playsAt: number;
  readonly frame: MpegFrame;
  /** How long the sound from that frame to the end of the packet lasts. */
  readonly seconds: number;
}

/**
 * Duration, channels and codec of the sound in an MPEG program stream (ISO 11172-1, 13818-1), by the times on its
 * first and last packet of MPEG audio. Elementary streams and other codecs stay unknown.
 */
export const probeMpegProgram = (bytes: MediaBytes): Probe => {
  const head = bytes.read(0, WINDOW_BYTES);
  const tail = bytes.read(Math.max(0, bytes.sizeBytes - WINDOW_BYTES), WINDOW_BYTES);
  const first = findPackets(head).next().value;
  const last = [...findPackets(tail)].filter(({ frame }) => frame.kind === first?.frame.kind).at(-1);
  if (first === undefined) return NOTHING_PROBED;
  const { channels, codec } = first.frame;
  if (last === undefined) return { durationSeconds: null, channels, codec, hasVideo: true };
  // The clock starts again after 26 hours.
  const ticks = (last.playsAt - first.playsAt + 2 ** 33) % 2 ** 33;
  return { durationSeconds: ticks / CLOCK_HZ + last.seconds, channels, codec, hasVideo: true };
};

/** Packets of sound that carry a time. Start codes never occur inside MPEG video, so that any found is a true one. */
function* findPackets(window: Buffer): Generator<SoundPacket, undefined> {
  for (let at = window.indexOf(START_CODE); at >= 0; at = window.indexOf(START_CODE, at + 3)) {
    const streamId = window[at + 3] ?? 0;
    const packet = streamId >> 5 === 6 ? readPacket(window.subarray(at + 4)) : null;
    if (packet !== null) yield packet;
  }
}

/** Reads a packet from its length field on. */
const readPacket = (rest: Buffer): SoundPacket | null => {
  if (rest.length < MIN_PACKET_BYTES) return null;
  const packet = rest.subarray(0, 2 + rest.readUInt16BE(0));
  if (packet.length < MIN_PACKET_BYTES) return null;
  const layout = packet.readUInt8(2) >> 6 === 2 ? mpeg2Layout(packet) : mpeg1Layout(packet);
  const playsAt = layout === null ? null : readTime(packet, layout.timeAt);
  if (layout === null || playsAt === null) return null;
  // All but the first packet may begin with the rest of a frame.
  for (let at = layout.soundAt; at < Math.min(packet.length, layout.soundAt + MAX_FRAME_BYTES); at += 1) {
    const frame = packet[at] === 0xff ? readMpegFrame(packet, at) : null;
    if (frame === null) continue;
    return { playsAt, frame, seconds: ((packet.length - at) / frame.sizeBytes) * frame.seconds };
  }
  return null;
};

/** Where a packet's time and sound begin, counted from its length field. */
interface Layout {
  readonly timeAt: number;
  readonly soundAt: number;
}

const mpeg2Layout = (packet: Buffer): Layout | null =>
  (packet.readUInt8(3) & 0x80) === 0 ? null : { timeAt: 5, soundAt: 5 + packet.readUInt8(4) };

/** MPEG-1 puts up to 16 stuffing bytes and a buffer size before the time, and the decoding time behind it. */
const mpeg1Layout = (packet: Buffer): Layout | null => {
  let at = 2;
  while (at < 18 && packet[at] === 0xff) at += 1;
  if (packet.readUInt8(at) >> 6 === 1) at += 2;
  const mark = packet.readUInt8(at) >> 4;
  if (mark === 2) return { timeAt: at, soundAt: at + 5 };
  return mark === 3 ? { timeAt: at, soundAt: at + 10 } : null;
};

/** 33 bits in five bytes, each part closed by a one. */
const readTime = (packet: Buffer, at: number): number | null => {
  const [high, middle, low] = [
    packet.readUInt8(at),
    packet.readUInt16BE(at + 1),
    packet.readUInt16BE(at + 3),
  ];
  if ((high & middle & low & 1) === 0) return null;
  return ((high >> 1) & 7) * 2 ** 30 + (middle >> 1) * 2 ** 15 + (low >> 1);
};
