import { fileURLToPath } from 'node:url';

const WAVE_HEADER_BYTES = 44;
const BYTES_PER_SAMPLE = 2;

/** The recorded call's copies under fixtures/media, each with the extension of its format. */
export type MediaFixture =
  | 'call.aac'
  | 'call.aiff'
  | 'call.au'
  | 'call.avi'
  | 'call.flac'
  | 'call.gsm'
  | 'call.m4a'
  | 'call.mp3'
  | 'call.mp4'
  | 'call.mpg'
  | 'call.ogg'
  | 'call.opus'
  | 'call.wav'
  | 'call.webm'
  | 'call.wma'
  | 'call.wmv';

/** Absolute path of a recorded call: the rep on the left, the contact on the right. */
export const fixturePath = (name: MediaFixture): string =>
  fileURLToPath(new URL(`../fixtures/media/${name}`, import.meta.url));

/** A valid 16-bit PCM WAVE file of quiet noise. The same input gives the same bytes, another seed gives others. */
export const makeWav = (wav: {
  readonly seconds: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  readonly seed?: number;
}): Buffer => {
  const { seconds, channels = 1, sampleRate = 8_000, seed = 1 } = wav;
  const frameBytes = channels * BYTES_PER_SAMPLE;
  const soundBytes = Math.round(seconds * sampleRate) * frameBytes;
  const bytes = Buffer.alloc(WAVE_HEADER_BYTES + soundBytes);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * frameBytes, 28);
  bytes.writeUInt16LE(frameBytes, 32);
  bytes.writeUInt16LE(BYTES_PER_SAMPLE * 8, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(soundBytes, 40);
  fillWithNoise(bytes, WAVE_HEADER_BYTES, seed);
  return bytes;
};

/**
 * What arrives of a file when its upload is broken off: the first `keptShare` of its bytes (0 to 1), nothing corrected.
 */
export const truncateWav = (wav: Buffer, keptShare: number): Buffer =>
  Buffer.from(wav.subarray(0, Math.floor(wav.length * keptShare)));

/** Samples of a linear congruential generator (Numerical Recipes), some 30 dB below full scale. */
const fillWithNoise = (bytes: Buffer, from: number, seed: number): void => {
  // Seeds that follow one another begin alike: mixing tears them apart.
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  for (let offset = from; offset < bytes.length; offset += BYTES_PER_SAMPLE) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeInt16LE((state >>> 22) - 512, offset);
  }
};
