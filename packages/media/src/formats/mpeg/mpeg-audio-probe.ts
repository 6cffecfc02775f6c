import { ByteCursor } from '../../byte-cursor.ts';
import { type MediaBytes, STEP_LIMIT_BYTES } from '../../media-bytes.ts';
import { untilReadLimit } from '../../until-read-limit.ts';
import { NOTHING_PROBED, type Probe } from '../probe.ts';
import { mediaEnd } from '../tail-tags.ts';
import { findMpegFrame, id3End, type MpegFrame, readMpegFrame, readStreamHeader } from './mpeg-audio.ts';

/** How far a header's count of bytes may be from those that are there, for its count of frames to be believed. */
const HEADER_SLACK = 0.01;
const SAMPLES = 64;
const SAMPLE_BYTES = 16 * 1024;
const MAX_HEADER_BYTES = 512;
/** Share of the bytes between two ends that may be no frames, for those that are frames to be the whole sound. */
const MAX_JUNK_SHARE = 0.1;

/**
 * MPEG audio (layers I, II, III). Up to 16 MiB every frame is counted. Longer files are believed where their Xing, Info
 * or VBRI header counts the bytes that are there, and judged by their bit rate where samples from all over the file have
 * only one; of the rest every frame is counted as well, up to the bound of a walk.
 */
export const probeMpegAudio = (bytes: MediaBytes): Probe => {
  const start = findMpegFrame(bytes, id3End(bytes));
  if (start === null) return NOTHING_PROBED;
  return probeMpegFrames(bytes, start, mediaEnd(bytes));
};

/** The same of the frames between two offsets, which other containers hold. */
export const probeMpegFrames = (bytes: MediaBytes, from: number, to: number): Probe => {
  const start = findMpegFrame(bytes, from);
  const head = start === null ? null : bytes.read(start, MAX_HEADER_BYTES);
  const frame = head === null ? null : readMpegFrame(head, 0);
  if (start === null || head === null || frame === null) return NOTHING_PROBED;
  const header = readStreamHeader(head, frame);
  // The frame of a header holds no sound.
  const soundStart = header === null ? start : start + frame.sizeBytes;
  const durationSeconds =
    to - soundStart <= STEP_LIMIT_BYTES
      ? walkFrames(bytes, soundStart, to)
      : (headerSeconds(header, frame, to - start) ??
        constantSeconds(bytes, soundStart, to, frame) ??
        walkFrames(bytes, soundStart, to));
  return { durationSeconds, channels: frame.channels, codec: frame.codec, hasVideo: false };
};

const headerSeconds = (
  header: ReturnType<typeof readStreamHeader>,
  frame: MpegFrame,
  presentBytes: number,
): number | null => {
  if (header === null || header.frames === null || header.sizeBytes === null) return null;
  const isTrue = Math.abs(header.sizeBytes - presentBytes) <= HEADER_SLACK * presentBytes;
  return isTrue ? header.frames * frame.seconds : null;
};

/** Seconds by the bit rate; null where samples of the file show more than one. */
const constantSeconds = (bytes: MediaBytes, from: number, to: number, first: MpegFrame): number | null => {
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const start = findMpegFrame(bytes, Math.floor(from + ((to - from - SAMPLE_BYTES) * sample) / SAMPLES));
    if (start === null) return null;
    const window = bytes.read(start, SAMPLE_BYTES);
    for (let at = 0; at + first.sizeBytes < window.length; ) {
      const frame = readMpegFrame(window, at);
      if (frame === null || frame.bitrate !== first.bitrate || frame.kind !== first.kind) return null;
      at += frame.sizeBytes;
    }
  }
  return ((to - from) * 8) / first.bitrate;
};

/** Seconds of all frames; null where the bound of a walk comes first or much of the file is not frames. */
const walkFrames = (bytes: MediaBytes, from: number, to: number): number | null => {
  const cursor = new ByteCursor(bytes);
  let seconds = 0;
  let junkBytes = 0;
  const isWalked = untilReadLimit(() => {
    let offset = from;
    while (offset + 4 <= to) {
      const window = cursor.readWindow(offset, 4);
      let at = 0;
      while (at + 4 <= window.length) {
        const frame = readMpegFrame(window, at);
        if (frame === null) break;
        // The rest of a frame whose end is cut off is heard as far as it goes.
        seconds += frame.seconds * Math.min(1, (to - offset - at) / frame.sizeBytes);
        at += frame.sizeBytes;
        if (offset + at >= to) return;
      }
      offset += at;
      if (at + 4 > window.length && at > 0) continue;
      // Files that were put together have tags in the middle.
      const tagEnd = id3End(bytes, offset);
      const next = findMpegFrame(bytes, Math.max(tagEnd, offset + 1));
      junkBytes += (next ?? to) - tagEnd;
      if (next === null) return;
      offset = next;
    }
  });
  return isWalked && junkBytes <= MAX_JUNK_SHARE * (to - from) ? seconds : null;
};
