import type { MediaBytes } from '../../media-bytes.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from '../probe.ts';
import { declaredSize, isFormTruncated, isSoundTruncated, walkChunks } from './iff.ts';

/** Whether an AIFF or AIFF-C file is short of the sound or the form it declares. */
export const isAiffTruncated = (bytes: MediaBytes): boolean => {
  const head = bytes.readAll(0, 12);
  if (head === null || isFormTruncated(bytes, 8, head.readUInt32BE(4))) return true;
  for (const chunk of walkChunks(bytes, 12, 'BE')) {
    if (isSoundTruncated(bytes, chunk.start, chunk.declaredBytes)) return true;
    // What follows a stream's sound of unknown size is more sound.
    if (chunk.id === 'SSND') return false;
  }
  return false;
};

/** Compressions by name, with the bits of a sample where it is not what the header says. */
const COMPRESSIONS: Readonly<Record<string, readonly [codec: string, bits: number | null]>> = {
  NONE: ['PCM', null],
  sowt: ['PCM', null],
  twos: ['PCM', null],
  in24: ['PCM', 24],
  in32: ['PCM', 32],
  'raw ': ['PCM', 8],
  fl32: ['IEEE_FLOAT', 32],
  FL32: ['IEEE_FLOAT', 32],
  fl64: ['IEEE_FLOAT', 64],
  FL64: ['IEEE_FLOAT', 64],
  ulaw: ['MULAW', 8],
  ULAW: ['MULAW', 8],
  alaw: ['ALAW', 8],
  ALAW: ['ALAW', 8],
};
/** Compressions in packets, which the header counts as if they were samples: bytes and samples of one, by channel. */
const PACKETS: Readonly<Record<string, readonly [codec: string, sizeBytes: number, samples: number]>> = {
  ima4: ['IMA ADPCM', 34, 64],
  GSM: ['GSM 6.10', 33, 160],
  agsm: ['GSM 6.10', 33, 160],
};

/** COMM: channels, count, bits of a sample, an 80-bit rate, and in AIFF-C the compression. */
interface Common {
  readonly channels: number;
  readonly frames: number;
  readonly bits: number;
  readonly sampleRate: number;
  readonly compression: string;
}

/** Duration by the bytes of sound that are there, channels and codec. */
export const probeAiff = (bytes: MediaBytes): Probe => {
  let common: Common | null = null;
  let soundBytes: number | null = null;
  for (const chunk of walkChunks(bytes, 12, 'BE')) {
    if (chunk.id === 'COMM') common = readCommon(bytes.read(chunk.start, Math.min(chunk.declaredBytes, 22)));
    if (chunk.id !== 'SSND') continue;
    const present = bytes.sizeBytes - chunk.start;
    const offset = bytes.readAll(chunk.start, 4)?.readUInt32BE(0) ?? 0;
    soundBytes = Math.max(0, Math.min(declaredSize(chunk.declaredBytes) ?? present, present) - 8 - offset);
    if (declaredSize(chunk.declaredBytes) === null) break;
  }
  if (common === null) return NOTHING_PROBED;
  const codec =
    COMPRESSIONS[common.compression]?.[0] ?? PACKETS[common.compression]?.[0] ?? common.compression;
  const durationSeconds = soundBytes === null ? null : secondsOfSound(common, soundBytes);
  return { durationSeconds, channels: common.channels, codec, hasVideo: false };
};

const readCommon = (chunk: Buffer): Common | null => {
  if (chunk.length < 18) return null;
  return {
    channels: chunk.readUInt16BE(0),
    frames: chunk.readUInt32BE(2),
    bits: chunk.readUInt16BE(6),
    // An extended number: sign and exponent in 16 bits, then 64 bits whose first is the whole one.
    sampleRate: chunk.readUInt32BE(10) * 2 ** ((chunk.readUInt16BE(8) & 0x7fff) - 16_383 - 31),
    compression: chunk.length >= 22 ? chunk.toString('latin1', 18, 22) : 'NONE',
  };
};

const secondsOfSound = (common: Common, soundBytes: number): number | null => {
  const { channels, sampleRate, compression } = common;
  const packet = PACKETS[compression];
  if (packet !== undefined) {
    return secondsOrNull((soundBytes / packet[1]) * packet[2], channels * sampleRate);
  }
  if (COMPRESSIONS[compression] === undefined) return secondsOrNull(common.frames, sampleRate);
  const bits = COMPRESSIONS[compression][1] ?? common.bits;
  return secondsOrNull(soundBytes, Math.ceil(bits / 8) * channels * sampleRate);
};
