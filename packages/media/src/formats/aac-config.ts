import { BitReader } from '../bit-reader.ts';

/** Channels by the channel configuration (ISO 14496-3, table 1.19); 0 and the reserved ones say nothing. */
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0];
const AAC_LIKE = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);
const SBR = 5;
const PARAMETRIC_STEREO = 29;

export const channelsOfConfiguration = (configuration: number): number | null =>
  CHANNELS[configuration] || null;

const readObjectType = (bits: BitReader): number => {
  const type = bits.read(5);
  return type === 31 ? 32 + bits.read(6) : type;
};

const skipFrequency = (bits: BitReader): void => {
  if (bits.read(4) === 15) bits.skip(24);
};

/**
 * Channels by an AAC AudioSpecificConfig (ISO 14496-3, 1.6.2.1): the channel configuration or, where that is 0, the
 * program config element. One channel with parametric stereo plays as two. Null where the configuration says nothing.
 */
export const channelsOfAudioConfig = (config: Buffer, fromByte = 0): number | null =>
  readAudioConfig(new BitReader(config, fromByte));

/** The same from the middle of a bit stream, which LATM needs. */
export const readAudioConfig = (bits: BitReader): number | null => {
  let objectType = readObjectType(bits);
  skipFrequency(bits);
  const configuration = bits.read(4);
  let hasStereo = objectType === PARAMETRIC_STEREO;
  const isExplicit = objectType === SBR || hasStereo;
  if (isExplicit) {
    skipFrequency(bits);
    objectType = readObjectType(bits);
    if (objectType === 22) bits.skip(4);
  }
  let channels = channelsOfConfiguration(configuration);
  if (AAC_LIKE.has(objectType)) {
    bits.skip(1);
    if (bits.read(1) === 1) bits.skip(14);
    bits.skip(1);
    if (configuration === 0) channels = readProgramChannels(bits);
    if (!isExplicit) hasStereo = readStereoExtension(bits);
  }
  if (bits.isPastEnd && configuration === 0) return null;
  return channels === 1 && hasStereo ? 2 : channels;
};

/** Whether the extension that old decoders pass over announces parametric stereo. */
const readStereoExtension = (bits: BitReader): boolean => {
  if (bits.bitsLeft < 16 || bits.read(11) !== 0x2b7 || readObjectType(bits) !== SBR) return false;
  if (bits.read(1) === 0) return false;
  skipFrequency(bits);
  return bits.bitsLeft >= 12 && bits.read(11) === 0x548 && bits.read(1) === 1;
};

/** Channels that a program config element (ISO 14496-3, 4.4.1.1) lays out, from after its instance tag's start. */
export const readProgramChannels = (bits: BitReader): number | null => {
  bits.skip(4 + 2 + 4);
  const [front, side, back, lowFrequency] = [bits.read(4), bits.read(4), bits.read(4), bits.read(2)];
  bits.skip(3 + 4);
  if (bits.read(1) === 1) bits.skip(4);
  if (bits.read(1) === 1) bits.skip(4);
  if (bits.read(1) === 1) bits.skip(3);
  let channels = lowFrequency;
  for (let element = 0; element < front + side + back; element += 1) {
    channels += 1 + bits.read(1);
    bits.skip(4);
  }
  return bits.isPastEnd || channels === 0 ? null : channels;
};
