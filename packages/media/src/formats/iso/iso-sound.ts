import type { ByteCursor } from '../../byte-cursor.ts';
import { channelsOfAudioConfig } from '../aac-config.ts';
import { channelsOfAc3Mode } from '../mpeg/ac3.ts';
import { readMpegFrame } from '../mpeg/mpeg-audio.ts';
import { channelsOfVorbisHeaders } from '../ogg/vorbis-modes.ts';
import { type Box, findBox, walkBoxes } from './iso-boxes.ts';
import { chunkSpan } from './iso-tracks.ts';

const MPEG_LAYER_3 = 'MPEG Layer 3';
const CODECS: Readonly<Record<string, string>> = {
  mp4a: 'MPEG-4/AAC',
  alac: 'ALAC',
  sowt: 'PCM',
  twos: 'PCM',
  lpcm: 'PCM',
  ipcm: 'PCM',
  'raw ': 'PCM',
  in24: 'PCM',
  in32: 'PCM',
  fl32: 'IEEE_FLOAT',
  fl64: 'IEEE_FLOAT',
  fpcm: 'IEEE_FLOAT',
  ulaw: 'MULAW',
  alaw: 'ALAW',
  agsm: 'GSM 6.10',
  ima4: 'IMA ADPCM',
  '.mp3': MPEG_LAYER_3,
  'ms\0U': MPEG_LAYER_3,
  samr: 'AMR',
  sawb: 'AMR-WB',
  'ac-3': 'AC-3',
  'ec-3': 'E-AC-3',
  Opus: 'Opus',
  fLaC: 'FLAC',
};
/** Speech codecs that know one channel, whatever the container's template says. */
const MONO = new Set(['samr', 'sawb', 'sawp', 'sqcp', 'Qclp', 'sevc', 'ssmv', 'agsm']);
/** Object types of an MPEG-4 descriptor: AAC of MPEG-4 and MPEG-2, the layers of MPEG-1 and MPEG-2, and Vorbis. */
const AAC_TYPES = new Set([0x40, 0x66, 0x67, 0x68]);
const MPEG_LAYERS = new Set([0x69, 0x6b]);
const VORBIS = 0xdd;

/** Channels and codec of a sound track by its first sample description. */
export const readSound = (
  cursor: ByteCursor,
  track: Box,
): { readonly channels: number | null; readonly codec: string | null } => {
  const descriptions = findBox(cursor, track, ['mdia', 'minf', 'stbl', 'stsd']);
  const entry = descriptions === null ? null : cursor.readAll(descriptions.start + 8, 36);
  if (descriptions === null || entry === null) return { channels: null, codec: null };
  const format = entry.toString('latin1', 4, 8);
  const version = entry.readUInt16BE(16);
  const layoutBytes = version === 1 ? 16 : version === 2 ? 36 : 0;
  // ISO files keep version 0 there, and some old QuickTime files of version 0 have no boxes behind.
  const start = descriptions.start + 8;
  const inner: Box = { type: format, start: start + 36 + layoutBytes, end: start + entry.readUInt32BE(0) };
  const declared =
    version === 2 ? (cursor.readAll(start + 48, 4)?.readUInt32BE(0) ?? null) : entry.readUInt16BE(24);
  if (MONO.has(format)) return { channels: 1, codec: CODECS[format] ?? format };
  const found = readConfiguration(cursor, inner, format, declared);
  return found.codec === MPEG_LAYER_3
    ? { ...found, channels: mpegChannels(cursor, track) ?? declared }
    : found;
};

/** MPEG audio has no configuration: its first frame tells. */
const mpegChannels = (cursor: ByteCursor, track: Box): number | null => {
  const span = chunkSpan(cursor, track);
  return span === null ? null : (readMpegFrame(cursor.read(span.first, 4), 0)?.channels ?? null);
};

/** The codec's own configuration goes before the template: QuickTime and MP4 writers leave 2 in there. */
const readConfiguration = (
  cursor: ByteCursor,
  inner: Box,
  format: string,
  declared: number | null,
): { channels: number | null; codec: string | null } => {
  const own = (type: string, length: number): Buffer | null => {
    const box = findInSound(cursor, inner, type);
    return box === null ? null : cursor.readAll(box.start, length);
  };
  const codec = CODECS[format] ?? format;
  switch (format) {
    case 'mp4a': {
      const descriptor = findInSound(cursor, inner, 'esds');
      const found = descriptor === null ? null : readDescriptor(cursor.read(descriptor.start, 512));
      const objectType = found?.objectType ?? 0;
      if (MPEG_LAYERS.has(objectType)) return { channels: declared, codec: MPEG_LAYER_3 };
      return {
        channels: found?.channels ?? declared,
        codec: objectType === VORBIS ? 'Vorbis I' : codec,
      };
    }
    case 'Opus':
      return { channels: own('dOps', 2)?.readUInt8(1) ?? declared, codec };
    case 'fLaC': {
      // Version and flags, the header of STREAMINFO, and the channels in its thirteenth byte.
      const info = own('dfLa', 4 + 4 + 18);
      return { channels: info === null ? declared : ((info.readUInt8(20) >> 1) & 7) + 1, codec };
    }
    case 'alac': {
      return { channels: own('alac', 28)?.readUInt8(13) ?? declared, codec };
    }
    case 'ac-3': {
      const config = own('dac3', 3);
      const fields = config?.readUIntBE(0, 3);
      const channels =
        fields === undefined ? declared : channelsOfAc3Mode((fields >> 11) & 7, (fields >> 10) & 1);
      return { channels, codec };
    }
    case 'ec-3': {
      const config = own('dec3', 5);
      const fields = config?.readUIntBE(2, 3);
      const channels =
        fields === undefined ? declared : channelsOfAc3Mode((fields >> 9) & 7, (fields >> 8) & 1);
      return { channels, codec };
    }
    default:
      return { channels: declared, codec };
  }
};

/** A codec's own box stands right behind the description, or in QuickTime inside its `wave` box. */
const findInSound = (cursor: ByteCursor, inner: Box, type: string): Box | null => {
  for (const box of walkBoxes(cursor, inner.start, inner.end)) {
    if (box.type === type) return box;
    if (box.type === 'wave') return findBox(cursor, box, [type]);
  }
  return null;
};

/** The configuration behind the descriptor of AAC, or of Vorbis, whose packets stand there as they do in Matroska. */
const channelsOfDescriptor = (objectType: number, configuration: Buffer): number | null => {
  if (AAC_TYPES.has(objectType)) return channelsOfAudioConfig(configuration);
  return objectType === VORBIS ? channelsOfVorbisHeaders(configuration) : null;
};

/** An elementary stream descriptor (ISO 14496-1, 7.2.6.5) with the AudioSpecificConfig inside. */
const readDescriptor = (box: Buffer): { channels: number | null; objectType: number } | null => {
  let at = 4;
  // Sizes are coded in up to four bytes of seven bits.
  const open = (tag: number): number | null => {
    if (box[at] !== tag) return null;
    let size = 0;
    for (let count = 0; count < 4; count += 1) {
      at += 1;
      const byte = box[at] ?? 0;
      size = size * 128 + (byte & 0x7f);
      if (byte < 0x80) break;
    }
    at += 1;
    return size;
  };
  if (open(3) === null) return null;
  const flags = box[at + 2] ?? 0;
  at += 3 + ((flags & 0x80) === 0 ? 0 : 2) + ((flags & 0x20) === 0 ? 0 : 2);
  if ((flags & 0x40) !== 0) at += 1 + (box[at] ?? 0);
  if (open(4) === null) return null;
  const objectType = box[at] ?? 0;
  at += 13;
  const size = open(5);
  const configuration = size === null ? Buffer.alloc(0) : box.subarray(at, at + size);
  return { objectType, channels: channelsOfDescriptor(objectType, configuration) };
};
