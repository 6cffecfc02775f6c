import type { MediaBytes } from '../media-bytes.ts';
import { type Chunk, declaredSize, isFormTruncated, isSoundTruncated, walkChunks } from './iff.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from './probe.ts';

/** Names of the format tags that telephony writes; others show their number. */
const CODECS: Readonly<Record<number, string>> = {
  1: 'PCM',
  2: 'ADPCM',
  3: 'IEEE_FLOAT',
  6: 'ALAW',
  7: 'MULAW',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  64: 'G.721 ADPCM',
  69: 'G.726 ADPCM',
  80: 'MPEG Layer 2',
  85: 'MPEG Layer 3',
  101: 'G.722 ADPCM',
  131: 'G.729',
  655: 'G.722 ADPCM',
};
const EXTENSIBLE = 0xfffe;
/** Codecs whose byte rate is exact. Writers are careless with that of the others, which carry a count of samples. */
const EXACT = new Set(['PCM', 'IEEE_FLOAT', 'ALAW', 'MULAW']);

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

/** Codec of a WAVEFORMAT structure: WAVE and AVI share it. */
export const codecOfFormat = (format: Buffer): string | null => {
  if (format.length < 2) return null;
  const tag = format.readUInt16LE(0);
  const code = tag === EXTENSIBLE && format.length >= 26 ? format.readUInt16LE(24) : tag;
  return CODECS[code] ?? `WAVE format ${code}`;
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

/** Duration of the sound that is there (a stream that never learned its size included), channels and codec. */
export const probeWave = (bytes: MediaBytes): Probe => {
  const { format, sound, samples, sound64Bytes } = readLayout(bytes);
  if (format === null || format.length < 16 || sound === null) return NOTHING_PROBED;
  const codec = codecOfFormat(format);
  const present = bytes.sizeBytes - sound.start;
  const declared = declaredSize(sound.declaredBytes) ?? sound64Bytes ?? present;
  const isExact = codec !== null && EXACT.has(codec);
  const durationSeconds =
    isExact || samples === null
      ? secondsOrNull(Math.min(declared, present), format.readUInt32LE(8))
      : secondsOrNull(samples * Math.min(1, present / declared), format.readUInt32LE(4));
  return { durationSeconds, channels: format.readUInt16LE(2), codec, hasVideo: false };
};
