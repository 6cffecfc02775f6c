import type { MediaBytes } from '../media-bytes.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from './probe.ts';

const MAX_BOXES = 1_000;
const MAX_TRACKS = 32;

/** A box by its header: `start` and `end` bound its payload. */
interface Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

const CODECS: Readonly<Record<string, string>> = {
  mp4a: 'MPEG-4/AAC',
  alac: 'ALAC',
  sowt: 'PCM',
  twos: 'PCM',
  lpcm: 'PCM',
  in24: 'PCM',
  ulaw: 'MULAW',
  alaw: 'ALAW',
  '.mp3': 'MPEG Layer 3',
};

function* walkBoxes(bytes: MediaBytes, from: number, to: number): Generator<Box> {
  let offset = from;
  for (let count = 0; count < MAX_BOXES && offset + 8 <= to; count += 1) {
    const header = bytes.read(offset, 16);
    if (header.length < 8) return;
    const size32 = header.readUInt32BE(0);
    const isLong = size32 === 1 && header.length === 16;
    const size = isLong ? Number(header.readBigUInt64BE(8)) : size32 === 0 ? to - offset : size32;
    if (size < 8) return;
    yield { type: header.toString('latin1', 4, 8), start: offset + (isLong ? 16 : 8), end: offset + size };
    offset += size;
  }
}

const findBox = (bytes: MediaBytes, parent: Box, path: readonly string[]): Box | null => {
  const [type, ...rest] = path;
  if (type === undefined) return parent;
  for (const box of walkBoxes(bytes, parent.start, parent.end)) {
    if (box.type === type) return findBox(bytes, box, rest);
  }
  return null;
};

/**
 * Duration by the movie header, channels and codec by the first sound track. QuickTime movies are read here because
 * music-metadata takes their data handlers for media handlers and finds no sound in them.
 */
export const probeQuickTime = (bytes: MediaBytes): Probe => {
  const file: Box = { type: 'file', start: 0, end: bytes.sizeBytes };
  const movie = findBox(bytes, file, ['moov']);
  if (movie === null) return NOTHING_PROBED;
  const boxes = [...walkBoxes(bytes, movie.start, movie.end)];
  const tracks = boxes.filter((box) => box.type === 'trak').slice(0, MAX_TRACKS);
  const handlers = tracks.map((track) => handlerOf(bytes, track));
  const sound = tracks[handlers.indexOf('soun')];
  const { channels, codec } = sound === undefined ? NOTHING_PROBED : readSound(bytes, sound);
  return {
    durationSeconds: readDuration(bytes, movie),
    channels,
    codec,
    hasVideo: handlers.includes('vide'),
  };
};

const handlerOf = (bytes: MediaBytes, track: Box): string => {
  const handler = findBox(bytes, track, ['mdia', 'hdlr']);
  return handler === null ? '' : bytes.read(handler.start + 8, 4).toString('latin1');
};

const readDuration = (bytes: MediaBytes, movie: Box): number | null => {
  const header = findBox(bytes, movie, ['mvhd']);
  const fields = header === null ? null : bytes.readAll(header.start, 32);
  if (fields === null) return null;
  const isLong = fields.readUInt8(0) === 1;
  const timescale = fields.readUInt32BE(isLong ? 20 : 12);
  const duration = isLong ? Number(fields.readBigUInt64BE(24)) : fields.readUInt32BE(16);
  return duration === 0 ? null : secondsOrNull(duration, timescale);
};

/** The first sample description: 36 bytes, and in its second version the channels as 32 bits further on. */
const readSound = (bytes: MediaBytes, track: Box): Probe => {
  const descriptions = findBox(bytes, track, ['mdia', 'minf', 'stbl', 'stsd']);
  const entry = descriptions === null ? null : bytes.readAll(descriptions.start + 8, 52);
  if (entry === null) return NOTHING_PROBED;
  const format = entry.toString('latin1', 4, 8);
  const channels = entry.readUInt16BE(16) === 2 ? entry.readUInt32BE(48) : entry.readUInt16BE(24);
  return { ...NOTHING_PROBED, channels, codec: CODECS[format] ?? format };
};
