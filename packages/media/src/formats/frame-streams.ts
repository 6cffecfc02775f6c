import type { MediaBytes } from '../media-bytes.ts';
import { untilReadLimit } from '../until-read-limit.ts';
import { adtsChannels } from './mpeg/elementary-sound.ts';
import { id3End } from './mpeg/mpeg-audio.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from './probe.ts';
import { mediaEnd } from './tail-tags.ts';

const WINDOW_BYTES = 64 * 1024;
/** A week and a half of AMR. A bomb has a frame in every byte. */
const MAX_FRAMES = 50_000_000;

const ADTS_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
const ADTS_HEADER_BYTES = 7;

/** Sizes in bytes, header included, of AMR frames by their type; 0 is not a frame (3GPP TS 26.101 and 26.201). */
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
  const end = mediaEnd(bytes);
  let frames = 0;
  let offset = from;
  const isWalked = untilReadLimit(() => {
    while (offset < end) {
      const window = bytes.read(offset, Math.min(WINDOW_BYTES, end - offset));
      let at = 0;
      while (at < window.length) {
        const size = frameSize(window, at);
        if (size === 0) break;
        at += size;
        frames += 1;
      }
      if (at === 0 || frames > MAX_FRAMES) return;
      offset += at;
    }
  });
  if (!isWalked || frames > MAX_FRAMES) return null;
  // No frame stands here: the remains of the last one, a tag, or junk.
  return end - offset < WINDOW_BYTES ? frames : null;
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
  // The program config element of a stream with an unusual layout stands in the first frame.
  const header = bytes.read(start, 256);
  if (header.length < ADTS_HEADER_BYTES) return NOTHING_PROBED;
  const sampleRate = ADTS_RATES[(header.readUInt8(2) >> 2) & 15] ?? 0;
  const frames = countFrames(bytes, start, adtsFrameSize);
  const durationSeconds = frames === null ? null : secondsOrNull(frames * 1024, sampleRate);
  return { durationSeconds, channels: adtsChannels(header, 0), codec: 'AAC', hasVideo: false };
};

const AMR_MAGIC = /^#!AMR(-WB)?(_MC1\.0)?\n/;

/**
 * AMR and AMR-WB storage format (RFC 4867, 5): frames of 20 ms, one channel; the form of several channels has their
 * number behind its magic and a frame for each channel in turn.
 */
export const probeAmr = (bytes: MediaBytes): Probe => {
  const head = bytes.read(0, 32);
  const magic = AMR_MAGIC.exec(head.toString('latin1'));
  if (magic === null) return NOTHING_PROBED;
  const isWide = magic[1] !== undefined;
  const isMultichannel = magic[2] !== undefined;
  const headerBytes = magic[0].length + (isMultichannel ? 4 : 0);
  const channels = isMultichannel ? (head[headerBytes - 1] ?? 0) & 15 : 1;
  const sizes = isWide ? AMR_WB_FRAMES : AMR_FRAMES;
  const frameSize = (window: Buffer, at: number): number => sizes[(window.readUInt8(at) >> 3) & 15] ?? 0;
  const frames = countFrames(bytes, headerBytes, frameSize);
  const durationSeconds = frames === null ? null : secondsOrNull(frames, 50 * channels);
  return { durationSeconds, channels, codec: isWide ? 'AMR-WB' : 'AMR', hasVideo: false };
};
