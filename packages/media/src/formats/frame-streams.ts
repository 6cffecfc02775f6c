import type { MediaBytes } from '../media-bytes.ts';
import { id3End } from './mpeg-audio.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from './probe.ts';

const WINDOW_BYTES = 64 * 1024;
/** Files that are longer keep an unknown duration: half an hour of the fattest AAC, three hours of speech. */
const WALK_LIMIT_BYTES = 12 * 1024 * 1024;

const ADTS_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
const ADTS_HEADER_BYTES = 7;

/** Sizes in bytes, header included, of AMR frames by their type; 0 is no frame (3GPP TS 26.101 and 26.201). */
const AMR_FRAMES = [13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1];
const AMR_WB_FRAMES = [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1];

/**
 * Counts frames laid one after another from `from` to the end; `frameSize` reads a header, 0 is none. Null where the
 * walk breaks or grows too long.
 */
const countFrames = (
  bytes: MediaBytes,
  from: number,
  frameSize: (head: Buffer, at: number) => number,
): number | null => {
  if (bytes.sizeBytes - from > WALK_LIMIT_BYTES) return null;
  let frames = 0;
  let offset = from;
  while (offset < bytes.sizeBytes) {
    const window = bytes.read(offset, WINDOW_BYTES);
    let at = 0;
    while (at < window.length) {
      const size = frameSize(window, at);
      if (size === 0) break;
      at += size;
      frames += 1;
    }
    // No frame stands here: the remains of the last one, a tag, or junk.
    if (at === 0) return bytes.sizeBytes - offset < WINDOW_BYTES ? frames : null;
    offset += at;
  }
  return frames;
};

const adtsFrameSize = (head: Buffer, at: number): number => {
  if (at + ADTS_HEADER_BYTES > head.length || (head.readUInt16BE(at) & 0xfff6) !== 0xfff0) return 0;
  const size = (head.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
  return size < ADTS_HEADER_BYTES ? 0 : size;
};

/** Whether AAC frames in ADTS stand in a row from `from`: three, or as many as the file holds. */
export const looksLikeAdts = (bytes: MediaBytes, from: number): boolean => {
  const head = bytes.read(from, WINDOW_BYTES);
  let at = 0;
  for (let count = 0; count < 3; count += 1) {
    if (count > 0 && from + at + ADTS_HEADER_BYTES > bytes.sizeBytes) return true;
    const size = adtsFrameSize(head, at);
    if (size === 0) return false;
    at += size;
  }
  return true;
};

/** AAC in ADTS: 1024 samples a frame (times the blocks in it, which is one in practice). */
export const probeAdts = (bytes: MediaBytes): Probe => {
  const start = id3End(bytes);
  const header = bytes.readAll(start, ADTS_HEADER_BYTES);
  if (header === null) return NOTHING_PROBED;
  const sampleRate = ADTS_RATES[(header.readUInt8(2) >> 2) & 15] ?? 0;
  const channels = (header.readUInt16BE(2) >> 6) & 7;
  const frames = countFrames(bytes, start, adtsFrameSize);
  const durationSeconds = frames === null ? null : secondsOrNull(frames * 1024, sampleRate);
  return { durationSeconds, channels: channels === 7 ? 8 : channels, codec: 'AAC', hasVideo: false };
};

/**
 * AMR and AMR-WB storage format (RFC 4867, 5.1): 20 ms a frame, one channel; the rare multichannel form stays unknown.
 */
export const probeAmr = (bytes: MediaBytes): Probe => {
  const magic = bytes.read(0, 9).toString('latin1');
  const isWide = magic === '#!AMR-WB\n';
  if (!isWide && !magic.startsWith('#!AMR\n')) return NOTHING_PROBED;
  const sizes = isWide ? AMR_WB_FRAMES : AMR_FRAMES;
  const frameSize = (head: Buffer, at: number): number => sizes[(head.readUInt8(at) >> 3) & 15] ?? 0;
  const frames = countFrames(bytes, isWide ? 9 : 6, frameSize);
  const durationSeconds = frames === null ? null : secondsOrNull(frames, 50);
  return { durationSeconds, channels: 1, codec: isWide ? 'AMR-WB' : 'AMR', hasVideo: false };
};
