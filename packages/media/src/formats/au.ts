import type { MediaBytes } from '../media-bytes.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from './probe.ts';
import { declaredSize, isSoundTruncated } from './riff/iff.ts';

/** Sun audio: `.snd`, then offset, size, encoding, rate and channels as 32-bit big-endian numbers. */
export const AU_MAGIC = '.snd';
const HEADER_BYTES = 24;

const ENCODINGS: Readonly<Record<number, { codec: string; bitsPerSample: number }>> = {
  1: { codec: 'MULAW', bitsPerSample: 8 },
  2: { codec: 'PCM', bitsPerSample: 8 },
  3: { codec: 'PCM', bitsPerSample: 16 },
  4: { codec: 'PCM', bitsPerSample: 24 },
  5: { codec: 'PCM', bitsPerSample: 32 },
  6: { codec: 'IEEE_FLOAT', bitsPerSample: 32 },
  7: { codec: 'IEEE_FLOAT', bitsPerSample: 64 },
  23: { codec: 'G.721 ADPCM', bitsPerSample: 4 },
  25: { codec: 'G.723 ADPCM', bitsPerSample: 3 },
  26: { codec: 'G.723 ADPCM', bitsPerSample: 5 },
  27: { codec: 'ALAW', bitsPerSample: 8 },
};

/** Whether a Sun audio file is short of the sound it declares; a stream declares 0xFFFFFFFF. */
export const isAuTruncated = (bytes: MediaBytes): boolean => {
  const header = bytes.readAll(0, HEADER_BYTES);
  return header === null || isSoundTruncated(bytes, header.readUInt32BE(4), header.readUInt32BE(8));
};

/** Duration of the sound that is there, channels and codec. */
export const probeAu = (bytes: MediaBytes): Probe => {
  const header = bytes.readAll(0, HEADER_BYTES);
  if (header === null) return NOTHING_PROBED;
  const encoding = ENCODINGS[header.readUInt32BE(12)];
  const channels = header.readUInt32BE(20);
  const there = bytes.sizeBytes - header.readUInt32BE(4);
  // Less than is there: something was appended to the sound.
  const present = Math.min(there, declaredSize(header.readUInt32BE(8)) ?? there);
  const bitsPerSecond = header.readUInt32BE(16) * channels * (encoding?.bitsPerSample ?? 0);
  const durationSeconds = secondsOrNull(present * 8, bitsPerSecond);
  return { durationSeconds, channels, codec: encoding?.codec ?? null, hasVideo: false };
};
