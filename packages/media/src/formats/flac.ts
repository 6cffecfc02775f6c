import type { MediaBytes } from '../media-bytes.ts';
import { id3End } from './mpeg/mpeg-audio.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from './probe.ts';

const MAX_METADATA_BLOCKS = 1_000;
const MIN_TAIL_BYTES = 64 * 1024;
const MAX_TAIL_BYTES = 1024 * 1024;
const MAX_FRAMES_CHECKED = 16;

/** STREAMINFO, as far as the end of the stream is judged by it. */
interface StreamInfo {
  readonly totalSamples: number;
  readonly maxBlockSamples: number;
  readonly minFrameBytes: number;
  readonly maxFrameBytes: number;
  readonly audioStart: number;
  readonly sampleRate: number;
  readonly channels: number;
}

/** A frame header whose checksum is right. */
interface FrameHeader {
  readonly offset: number;
  /** Samples of the stream up to the end of this frame. */
  readonly endSample: number;
}

/**
 * Whether a FLAC file breaks off: inside its metadata, or before the frame that holds the last sample which
 * STREAMINFO counts, or inside that frame. A stream that counts no samples declares nothing.
 */
export const isFlacTruncated = (bytes: MediaBytes): boolean => {
  const info = readStreamInfo(bytes, id3End(bytes));
  if (info === 'cut') return true;
  if (info === null || info.totalSamples === 0) return false;
  const tail = readTail(bytes, info);
  const frames = findFrames(tail, info);
  // A tail without any frame is not FLAC as we know it, unless the file ended with its metadata.
  if (frames.length === 0) return tail.length === 0;
  // Sound can look like a header now and then: one whole frame that reaches the last sample is enough.
  const reaching = frames.filter((frame) => frame.endSample >= info.totalSamples).slice(-MAX_FRAMES_CHECKED);
  return !reaching.some((frame) => isFrameWhole(tail, frame.offset, info.minFrameBytes));
};

const readTail = (bytes: MediaBytes, info: StreamInfo): Buffer => {
  const wanted = Math.min(MAX_TAIL_BYTES, Math.max(MIN_TAIL_BYTES, 2 * info.maxFrameBytes));
  const tailStart = Math.max(info.audioStart, bytes.sizeBytes - wanted);
  return bytes.read(tailStart, bytes.sizeBytes - tailStart);
};

/**
 * Duration by the number that the last whole frame has, which is what STREAMINFO counts where nothing is wrong, and all
 * that a stream has whose writer never went back; channels by STREAMINFO.
 */
export const probeFlac = (bytes: MediaBytes): Probe => {
  const info = readStreamInfo(bytes, id3End(bytes));
  if (info === 'cut' || info === null) return NOTHING_PROBED;
  const tail = readTail(bytes, info);
  const frames = findFrames(tail, info).slice(-MAX_FRAMES_CHECKED).reverse();
  const last = frames.find((frame) => isFrameWhole(tail, frame.offset, info.minFrameBytes));
  // What looks like a header in the sound has a number far from its neighbors: the count of the whole is nearer.
  const isCounted = frames.some((frame) => frame.endSample === info.totalSamples);
  const samples = isCounted ? info.totalSamples : (last?.endSample ?? 0);
  return {
    durationSeconds: secondsOrNull(samples, info.sampleRate) || null,
    channels: info.channels,
    codec: 'FLAC',
    hasVideo: false,
  };
};

const readStreamInfo = (bytes: MediaBytes, start: number): StreamInfo | 'cut' | null => {
  const block = bytes.readAll(start + 8, 18);
  if (block === null) return 'cut';
  let offset = start + 4;
  for (let count = 0; count < MAX_METADATA_BLOCKS; count += 1) {
    const header = bytes.readAll(offset, 4);
    if (header === null) return 'cut';
    offset += 4 + header.readUIntBE(1, 3);
    if (offset > bytes.sizeBytes) return 'cut';
    if (header.readUInt8(0) < 0x80) continue;
    return {
      maxBlockSamples: block.readUInt16BE(2),
      minFrameBytes: block.readUIntBE(4, 3),
      maxFrameBytes: block.readUIntBE(7, 3),
      totalSamples: (block.readUInt8(13) & 15) * 2 ** 32 + block.readUInt32BE(14),
      audioStart: offset,
      sampleRate: block.readUIntBE(10, 3) >> 4,
      channels: ((block.readUInt8(12) >> 1) & 7) + 1,
    };
  }
  return null;
};

const findFrames = (tail: Buffer, info: StreamInfo): FrameHeader[] => {
  const frames: FrameHeader[] = [];
  for (let offset = tail.indexOf(0xff); offset >= 0; offset = tail.indexOf(0xff, offset + 1)) {
    const endSample = readFrameEnd(tail, offset, info);
    if (endSample !== null) frames.push({ offset, endSample });
  }
  return frames;
};

/** Samples up to the end of the frame whose header is at `offset`; null where the bytes are not a header. */
const readFrameEnd = (tail: Buffer, offset: number, info: StreamInfo): number | null => {
  const head = tail.subarray(offset, offset + 16);
  if (head.length < 6 || (head.readUInt16BE(0) & 0xfffe) !== 0xfff8) return null;
  const sizeCode = head.readUInt8(2) >> 4;
  const rateCode = head.readUInt8(2) & 15;
  const number = readCodedNumber(head, 4);
  if (number === null || sizeCode === 0 || rateCode === 15) return null;
  const sizeBytes = sizeCode === 6 ? 1 : sizeCode === 7 ? 2 : 0;
  const rateBytes = rateCode === 12 ? 1 : rateCode === 13 || rateCode === 14 ? 2 : 0;
  const crcAt = number.end + sizeBytes + rateBytes;
  if (crcAt >= head.length || crc8(head.subarray(0, crcAt)) !== head.readUInt8(crcAt)) return null;
  const samples = sizeBytes > 0 ? head.readUIntBE(number.end, sizeBytes) + 1 : blockSamples(sizeCode);
  const isVariable = (head.readUInt8(1) & 1) === 1;
  return (isVariable ? number.value : number.value * info.maxBlockSamples) + samples;
};

const blockSamples = (code: number): number =>
  code === 1 ? 192 : code < 6 ? 576 << (code - 2) : 256 << (code - 8);

/** The frame or sample number, coded as UTF-8 codes characters but up to 36 bits. */
const readCodedNumber = (head: Buffer, at: number): { value: number; end: number } | null => {
  const first = head.readUInt8(at);
  const length = Math.clz32(~first & 0xff) - 24;
  if (length === 0) return { value: first, end: at + 1 };
  if (length === 1 || length > 7 || at + length > head.length) return null;
  let value = first & (0x7f >> length);
  for (let index = at + 1; index < at + length; index += 1) {
    const byte = head.readUInt8(index);
    if (byte >> 6 !== 2) return null;
    value = value * 64 + (byte & 63);
  }
  return { value, end: at + length };
};

/** A whole frame ends with the CRC-16 of all before it, so that somewhere the running sum falls to zero. */
const isFrameWhole = (tail: Buffer, offset: number, minFrameBytes: number): boolean => {
  const shortest = Math.max(minFrameBytes, 8);
  let crc = 0;
  for (let index = offset; index < tail.length; index += 1) {
    crc = crcStep(crc, tail.readUInt8(index) << 8, 0x8000, 0x8005);
    if (crc === 0 && index - offset + 1 >= shortest) return true;
  }
  return false;
};

const crc8 = (bytes: Buffer): number => bytes.reduce((crc, byte) => crcStep(crc, byte, 0x80, 0x07), 0);

/** Takes eight bits, already aligned with the register's top, into a CRC. */
const crcStep = (crc: number, input: number, topBit: number, polynomial: number): number => {
  let next = crc ^ input;
  for (let bit = 0; bit < 8; bit += 1) next = (next & topBit) === 0 ? next << 1 : (next << 1) ^ polynomial;
  return next & (2 * topBit - 1);
};
