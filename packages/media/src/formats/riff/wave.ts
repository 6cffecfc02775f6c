import type { MediaBytes } from '../../media-bytes.ts';
import { probeMpegFrames } from '../mpeg/mpeg-audio-probe.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from '../probe.ts';
import { type Chunk, declaredSize, isFormTruncated, isSoundTruncated, walkChunks } from './iff.ts';
import { type CountedSound, codecOfFormat, formatCode, secondsByFormat } from './wave-format.ts';

/** The parts of a WAVE file that are read: each null where the file ends or breaks before it. */
interface WaveLayout {
  readonly format: Buffer | null;
  readonly sound: Chunk | null;
  /** Samples by the fact chunk; null where there is none. */
  readonly samples: number | null;
  /** Bytes of sound by RF64's 64-bit header; null in plain WAVE. */
  readonly sound64Bytes: number | null;
  /** The last chunk that was met, whole or not. */
  readonly last: Chunk | null;
}

const readLayout = (bytes: MediaBytes): WaveLayout => {
  let format: Buffer | null = null;
  let samples: number | null = null;
  let sound64Bytes: number | null = null;
  let last: Chunk | null = null;
  for (const chunk of walkChunks(bytes, 12, 'LE')) {
    last = chunk;
    if (chunk.id === 'fmt ') format = bytes.readAll(chunk.start, Math.min(chunk.declaredBytes, 40));
    if (chunk.id === 'fact') samples = declaredSize(bytes.readAll(chunk.start, 4)?.readUInt32LE(0) ?? 0);
    if (chunk.id === 'ds64') sound64Bytes = readSound64(bytes, chunk);
    if (chunk.id === 'data') return { format, sound: chunk, samples, sound64Bytes, last };
  }
  return { format, sound: null, samples, sound64Bytes, last };
};

/** ds64 holds the sizes of the form, of the sound and of the samples; 0 and all ones mean unknown. */
const readSound64 = (bytes: MediaBytes, chunk: Chunk): number | null => {
  const sizes = bytes.readAll(chunk.start, 16);
  const size = sizes?.readBigUInt64LE(8) ?? 0n;
  return size === 0n || size >= 1n << 53n ? null : Number(size);
};

/** Whether a WAVE or RF64 file is short of the sound or the form it declares. */
export const isWaveTruncated = (bytes: MediaBytes): boolean => {
  const head = bytes.readAll(0, 12);
  if (head === null || isFormTruncated(bytes, 8, head.readUInt32LE(4))) return true;
  const { sound, sound64Bytes, last } = readLayout(bytes);
  if (sound === null) return last !== null && isSoundTruncated(bytes, last.start, last.declaredBytes);
  if (sound64Bytes !== null && declaredSize(sound.declaredBytes) === null) {
    return sound.start + sound64Bytes > bytes.sizeBytes;
  }
  return isSoundTruncated(bytes, sound.start, sound.declaredBytes);
};

/**
 * Duration of the sound that is there (a stream that never learned its size included), channels and codec. MPEG audio in
 * WAVE is counted frame by frame, as it is elsewhere.
 */
export const probeWave = (bytes: MediaBytes): Probe => {
  const { format, sound, samples, sound64Bytes } = readLayout(bytes);
  if (format === null || format.length < 16 || sound === null) return NOTHING_PROBED;
  const code = formatCode(format);
  const codec = codecOfFormat(format);
  const channels = format.readUInt16LE(2);
  const present = bytes.sizeBytes - sound.start;
  const declared = declaredSize(sound.declaredBytes) ?? sound64Bytes ?? present;
  const soundBytes = Math.min(declared, present);
  if (code === 80 || code === 85) {
    const frames = probeMpegFrames(bytes, sound.start, sound.start + soundBytes);
    return { ...frames, channels: frames.channels ?? channels, codec, hasVideo: false };
  }
  const counted = secondsByFormat(format, soundBytes);
  const byFact =
    samples === null
      ? null
      : secondsOrNull(samples * Math.min(1, present / declared), format.readUInt32LE(4));
  return { durationSeconds: chooseSeconds(counted, byFact), channels, codec, hasVideo: false };
};

/** What a count of samples may exceed the blocks by: they are filled up at the end. */
const FACT_SLACK = 0.02;

/**
 * The blocks say how long the sound is, and the fact chunk how much of the last block is padding. A fact that the blocks
 * do not bear out is not believed. Where only the byte rate tells, a fact must agree with it.
 */
const chooseSeconds = ({ seconds, by }: CountedSound, byFact: number | null): number | null => {
  if (by === 'samples' || seconds === null) return seconds;
  if (byFact !== null && Math.abs(byFact - seconds) <= FACT_SLACK * seconds + 0.1) return byFact;
  return by === 'blocks' ? seconds : null;
};
