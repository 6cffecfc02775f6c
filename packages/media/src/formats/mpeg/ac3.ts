import { BitReader } from '../../bit-reader.ts';

/** Channels by audio coding mode (ATSC A/52, table 5.8); 0 is two programs of one channel each. */
const MODE_CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5];
const RATES = [48_000, 44_100, 32_000];
const BITRATES = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
const BLOCKS = [1, 2, 3, 6];

export const channelsOfAc3Mode = (mode: number, lowFrequency: number): number =>
  (MODE_CHANNELS[mode] ?? 0) + lowFrequency;

/** One frame of AC-3 or E-AC-3. */
export interface Ac3Frame {
  readonly codec: 'AC-3' | 'E-AC-3';
  readonly channels: number;
  readonly sizeBytes: number;
  readonly seconds: number;
}

/** The frame whose sync word is at `offset` (A/52, 5.3, E.1.2); null where there is none. */
export const readAc3Frame = (buffer: Buffer, offset: number): Ac3Frame | null => {
  if (offset + 8 > buffer.length || buffer.readUInt16BE(offset) !== 0x0b77) return null;
  const version = buffer.readUInt8(offset + 5) >> 3;
  return version > 10 ? readEnhanced(buffer, offset) : readPlain(buffer, offset);
};

const readPlain = (buffer: Buffer, offset: number): Ac3Frame | null => {
  const bits = new BitReader(buffer, offset + 4);
  const rate = RATES[bits.read(2)];
  const sizeCode = bits.read(6);
  const bitrate = BITRATES[sizeCode >> 1];
  bits.skip(8);
  const mode = bits.read(3);
  if ((mode & 1) !== 0 && mode !== 1) bits.skip(2);
  if ((mode & 4) !== 0) bits.skip(2);
  if (mode === 2) bits.skip(2);
  if (rate === undefined || bitrate === undefined) return null;
  const words = Math.floor((bitrate * 96_000) / rate) + (rate === 44_100 ? sizeCode & 1 : 0);
  return {
    codec: 'AC-3',
    channels: channelsOfAc3Mode(mode, bits.read(1)),
    sizeBytes: words * 2,
    seconds: 1_536 / rate,
  };
};

const readEnhanced = (buffer: Buffer, offset: number): Ac3Frame | null => {
  const bits = new BitReader(buffer, offset + 2);
  bits.skip(2 + 3);
  const sizeBytes = (bits.read(11) + 1) * 2;
  const rateCode = bits.read(2);
  const blockCode = bits.read(2);
  const rate = rateCode === 3 ? (RATES[blockCode] ?? 0) / 2 : (RATES[rateCode] ?? 0);
  const blocks = rateCode === 3 ? 6 : (BLOCKS[blockCode] ?? 6);
  const mode = bits.read(3);
  if (rate === 0) return null;
  return {
    codec: 'E-AC-3',
    channels: channelsOfAc3Mode(mode, bits.read(1)),
    sizeBytes,
    seconds: (blocks * 256) / rate,
  };
};
