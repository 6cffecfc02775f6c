import { secondsOrNull } from '../probe.ts';

/** Names of the format tags that telephony writes; others show their number. */
const CODECS: Readonly<Record<number, string>> = {
  1: 'PCM',
  2: 'ADPCM',
  3: 'IEEE_FLOAT',
  6: 'ALAW',
  7: 'MULAW',
  17: 'IMA ADPCM',
  32: 'Yamaha ADPCM',
  34: 'TrueSpeech',
  49: 'GSM 6.10',
  64: 'G.721 ADPCM',
  66: 'G.723.1',
  69: 'G.726 ADPCM',
  80: 'MPEG Layer 2',
  85: 'MPEG Layer 3',
  101: 'G.722 ADPCM',
  131: 'G.729',
  655: 'G.722 ADPCM',
};
const EXTENSIBLE = 0xfffe;

/** Codecs of one channel whose frames have one size: bytes, and seconds, of a frame. */
const FRAMES: Readonly<Record<number, readonly [sizeBytes: number, seconds: number]>> = {
  49: [65, 0.04],
  131: [10, 0.01],
};

/** The format's number; the extensible form keeps it in its last part. */
export const formatCode = (format: Buffer): number => {
  const tag = format.readUInt16LE(0);
  return tag === EXTENSIBLE && format.length >= 26 ? format.readUInt16LE(24) : tag;
};

/** Codec of a WAVEFORMAT structure: WAVE and AVI share it. */
export const codecOfFormat = (format: Buffer): string | null => {
  if (format.length < 2) return null;
  const code = formatCode(format);
  return CODECS[code] ?? `WAVE format ${code}`;
};

/** What some bytes of sound last, and by what: samples, whole blocks, or the byte rate, which is not a witness alone. */
export interface CountedSound {
  readonly seconds: number | null;
  readonly by: 'samples' | 'blocks' | 'rate';
}

/**
 * Seconds of some bytes of sound by the size of a sample, a frame or a block of the codec. The byte rate is asked last:
 * many writers of telephony leave there whatever PCM would have.
 */
export const secondsByFormat = (format: Buffer, soundBytes: number): CountedSound => {
  const code = formatCode(format);
  const channels = format.readUInt16LE(2);
  const sampleRate = format.readUInt32LE(4);
  const blockBytes = format.readUInt16LE(12);
  const bits = format.readUInt16LE(14);
  const exact = (seconds: number | null): CountedSound => ({ seconds, by: 'samples' });
  switch (code) {
    case 1:
    case 3: {
      // Samples of 12 or 20 bits rest in whole bytes; a block that cannot hold the samples is a slip.
      const packed = channels * Math.ceil(bits / 8);
      const frameBytes = blockBytes >= packed && blockBytes <= channels * 8 ? blockBytes : packed;
      return exact(secondsOrNull(soundBytes, frameBytes * sampleRate));
    }
    case 6:
    case 7:
      return exact(secondsOrNull(soundBytes, channels * sampleRate));
    case 2:
    case 17: {
      // Blocks of samples, whose number stands in the extension behind its own size.
      const samples = format.length >= 20 ? format.readUInt16LE(18) : 0;
      if (samples === 0 || blockBytes === 0) break;
      return { seconds: secondsOrNull((soundBytes / blockBytes) * samples, sampleRate), by: 'blocks' };
    }
    case 32:
    case 64:
    case 69:
      return exact(
        secondsOrNull(soundBytes * 8, channels * sampleRate * (bits >= 2 && bits <= 5 ? bits : 4)),
      );
    case 101:
    case 655:
      return exact(secondsOrNull(soundBytes * 2, channels * sampleRate));
  }
  const frame = FRAMES[code];
  if (frame !== undefined) return exact((soundBytes / frame[0] / Math.max(1, channels)) * frame[1]);
  return { seconds: secondsOrNull(soundBytes, format.readUInt32LE(8)), by: 'rate' };
};
