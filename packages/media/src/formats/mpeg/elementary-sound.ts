import { BitReader } from '../../bit-reader.ts';
import { channelsOfConfiguration, readAudioConfig, readProgramChannels } from '../aac-config.ts';
import { readAc3Frame } from './ac3.ts';
import { readMpegFrame } from './mpeg-audio.ts';

/** What a packet of sound holds, by the first frame that begins in it. */
export interface ElementarySound {
  readonly channels: number | null;
  readonly codec: string;
  /** How long the sound from that frame to the end of the packet lasts; zero where only a decoder could tell. */
  readonly seconds: number;
}

/** Packets may begin with the rest of a frame. */
const SEARCH_BYTES = 8_192;
const ADTS_RATES = [96, 88.2, 64, 48, 44.1, 32, 24, 22.05, 16, 12, 11.025, 8, 7.35];

/** One frame of any of the codecs. Its size is zero where only a decoder could tell it. */
interface Frame {
  readonly channels: number | null;
  readonly codec: string;
  readonly sizeBytes: number;
  readonly seconds: number;
}

const readFrame = (payload: Buffer, at: number): Frame | null => {
  if (at + 8 > payload.length) return null;
  const word = payload.readUInt16BE(at);
  if (word === 0x0b77) return readAc3Frame(payload, at);
  if ((word & 0xfff6) === 0xfff0) return readAdts(payload, at);
  return word >> 5 === 0x2b7 ? readLatm(payload, at) : readMpegFrame(payload, at);
};

/** The first frame of MPEG audio, AC-3, E-AC-3 or AAC in a packet, and those behind it; null where none is found. */
export const readElementarySound = (payload: Buffer): ElementarySound | null => {
  for (let at = 0; at + 8 <= payload.length && at < SEARCH_BYTES; at += 1) {
    const byte = payload[at]!;
    if (byte !== 0xff && byte !== 0x0b && byte !== 0x56) continue;
    const found = readFrame(payload, at);
    if (found === null) continue;
    return { channels: found.channels, codec: found.codec, seconds: lastingFrom(payload, at) };
  }
  return null;
};

/** The last frame may end in the next packet: of it counts what is here. */
const lastingFrom = (payload: Buffer, from: number): number => {
  let seconds = 0;
  let at = from;
  for (
    let frame = readFrame(payload, at);
    frame !== null && frame.sizeBytes > 0;
    frame = readFrame(payload, at)
  ) {
    seconds += frame.seconds * Math.min(1, (payload.length - at) / frame.sizeBytes);
    at += frame.sizeBytes;
  }
  return seconds;
};

const readAdts = (payload: Buffer, at: number): Frame | null => {
  const rate = ADTS_RATES[(payload.readUInt8(at + 2) >> 2) & 15];
  const sizeBytes = (payload.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
  if (rate === undefined || sizeBytes < 7) return null;
  return { channels: adtsChannels(payload, at), codec: 'AAC', sizeBytes, seconds: 1.024 / rate };
};

/** Channels of an ADTS frame: by its header, or where that says 0 by the program config element behind it. */
export const adtsChannels = (buffer: Buffer, at: number): number | null => {
  const configuration = (buffer.readUInt16BE(at + 2) >> 6) & 7;
  if (configuration !== 0) return channelsOfConfiguration(configuration);
  const hasChecksum = (buffer.readUInt8(at + 1) & 1) === 0;
  const bits = new BitReader(buffer, at + (hasChecksum ? 9 : 7));
  return bits.read(3) === 5 ? readProgramChannels(bits) : null;
};

/** LATM in LOAS (ISO 14496-3, 1.7): the configuration stands in the first element, where it is not that of before. */
const readLatm = (payload: Buffer, at: number): Frame | null => {
  const bits = new BitReader(payload, at + 3);
  const latm = { codec: 'AAC', sizeBytes: 0, seconds: 0 };
  if (bits.read(1) !== 0) return null;
  const isPlain = bits.read(1) === 0;
  if (!isPlain) return { ...latm, channels: null };
  bits.skip(1 + 6 + 4 + 3);
  return { ...latm, channels: readAudioConfig(bits) };
};
