import { readVorbisModes, vorbisPacketSamples } from './vorbis-modes.ts';

/** How one codec counts its sound in Ogg. */
export interface OggCodec {
  readonly codec: string;
  readonly isVideo: boolean;
  readonly channels: number | null;
  /** Units of the granule position in a second. */
  readonly unitsPerSecond: number;
  /** Units at the start that are decoded but not played. */
  readonly preSkip: number;
  /** Packets before the first one with sound; null where only their bytes tell. */
  readonly headerPackets: number | null;
  /** Units up to a granule position: films mix two counters in it. */
  readonly unitsOf: (granule: number) => number;
  /**
   * Units in each of some packets of sound, given the stream's header packets. Null where that is not known: such a
   * stream is taken to begin at zero.
   */
  readonly unitsIn: ((packets: readonly Buffer[], headers: readonly Buffer[]) => number | null) | null;
}

const asIs = (granule: number): number => granule;
const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const OPUS_RATE = 48_000;
/** Samples at 48 kHz of the frames of an Opus packet by the configuration in its first byte (RFC 6716, 3.1). */
const opusFrameSamples = (configuration: number): number => {
  if (configuration < 12) return [480, 960, 1_920, 2_880][configuration & 3]!;
  return configuration < 16 ? [480, 960][configuration & 1]! : [120, 240, 480, 960][configuration & 3]!;
};

export const opusPacketSamples = (packet: Buffer): number => {
  const [first, second] = [packet[0] ?? 0, packet[1] ?? 0];
  const code = first & 3;
  const frames = code === 0 ? 1 : code === 3 ? second & 63 : 2;
  return packet.length === 0 ? 0 : frames * opusFrameSamples(first >> 3);
};

const readOpus = (head: Buffer): OggCodec | null =>
  head.length < 19
    ? null
    : {
        codec: 'Opus',
        isVideo: false,
        channels: head.readUInt8(9),
        unitsPerSecond: OPUS_RATE,
        preSkip: head.readUInt16LE(10),
        headerPackets: 2,
        unitsOf: asIs,
        unitsIn: (packets) => sumOf(packets.map(opusPacketSamples)),
      };

const readVorbis = (head: Buffer): OggCodec | null => {
  if (head.length < 30) return null;
  const blocks = [1 << (head.readUInt8(28) & 15), 1 << (head.readUInt8(28) >> 4)] as const;
  return {
    codec: 'Vorbis I',
    isVideo: false,
    channels: head.readUInt8(11),
    unitsPerSecond: head.readUInt32LE(12),
    preSkip: 0,
    headerPackets: 3,
    unitsOf: asIs,
    unitsIn: (packets, headers) => {
      const modes = readVorbisModes(headers[2] ?? Buffer.alloc(0));
      return modes === null ? null : vorbisPacketSamples(packets, modes, blocks);
    },
  };
};

const readFlac = (head: Buffer): OggCodec | null => {
  // The signature, version and number of headers, then `fLaC` and STREAMINFO with its header of four bytes.
  const info = head.subarray(17);
  if (info.length < 18) return null;
  const headers = head.readUInt16BE(7);
  return {
    codec: 'FLAC',
    isVideo: false,
    channels: ((info.readUInt8(12) >> 1) & 7) + 1,
    unitsPerSecond: info.readUIntBE(10, 3) >> 4,
    preSkip: 0,
    headerPackets: headers === 0 ? null : headers + 1,
    unitsOf: asIs,
    // All blocks but the last have one size in what encoders write to Ogg.
    unitsIn: (packets) => packets.length * info.readUInt16BE(2),
  };
};

const readSpeex = (head: Buffer): OggCodec | null => {
  if (head.length < 72) return null;
  const packetSamples = head.readUInt32LE(56) * Math.max(1, head.readUInt32LE(64));
  return {
    codec: `Speex ${head.toString('latin1', 8, 28).replace(/\0.*$/s, '')}`,
    isVideo: false,
    channels: head.readUInt32LE(48),
    unitsPerSecond: head.readUInt32LE(36),
    preSkip: 0,
    headerPackets: 2 + Math.min(16, head.readUInt32LE(68)),
    unitsOf: asIs,
    unitsIn: (packets) => packets.length * packetSamples,
  };
};

const readTheora = (head: Buffer): OggCodec | null => {
  if (head.length < 42) return null;
  const shift = 2 ** ((head.readUInt16BE(40) >> 5) & 31);
  return {
    codec: 'Theora',
    isVideo: true,
    channels: null,
    unitsPerSecond: head.readUInt32BE(22) / Math.max(1, head.readUInt32BE(26)),
    preSkip: 0,
    headerPackets: 3,
    unitsOf: (granule) => Math.floor(granule / shift) + (granule % shift),
    unitsIn: null,
  };
};

/** How the codec of a stream counts, by the stream's first packet; null for what is neither sound nor pictures. */
export const readOggCodec = (head: Buffer): OggCodec | null => {
  const text = head.toString('latin1', 0, 8);
  if (text === 'OpusHead') return readOpus(head);
  if (text.startsWith('\x01vorbis')) return readVorbis(head);
  if (text.startsWith('\x7fFLAC')) return readFlac(head);
  if (text === 'Speex   ') return readSpeex(head);
  return text.startsWith('\x80theora') ? readTheora(head) : null;
};
