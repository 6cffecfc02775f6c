import { ByteCursor } from '../../byte-cursor.ts';
import type { MediaBytes } from '../../media-bytes.ts';
import { untilReadLimit } from '../../until-read-limit.ts';
import { readMpegFrame } from '../mpeg/mpeg-audio.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from '../probe.ts';
import { type Chunk, isFormTruncated, walkChunks } from './iff.ts';
import { codecOfFormat, formatCode, secondsByFormat } from './wave-format.ts';

const MAX_STREAMS = 100;
const MAX_CHUNKS = 2_000_000;

const listType = (bytes: MediaBytes, chunk: Chunk): string => bytes.read(chunk.start, 4).toString('latin1');

/** Whether one of the RIFF forms of an AVI (long files have several) runs past the end of the file. */
export const isAviTruncated = (bytes: MediaBytes): boolean => {
  if (bytes.sizeBytes < 12) return true;
  for (const form of walkChunks(bytes, 0, 'LE')) {
    if (form.id !== 'RIFF') return false;
    if (isFormTruncated(bytes, form.start, form.declaredBytes)) return true;
  }
  return false;
};

function* streamLists(bytes: MediaBytes): Generator<Chunk> {
  for (const chunk of walkChunks(bytes, 12, 'LE')) {
    if (chunk.id !== 'LIST' || listType(bytes, chunk) !== 'hdrl') continue;
    for (const stream of walkChunks(bytes, chunk.start + 4, 'LE', chunk.start + chunk.declaredBytes)) {
      if (stream.id === 'LIST' && listType(bytes, stream) === 'strl') yield stream;
    }
    return;
  }
}

/** One stream as its header describes it, and what its chunks are found to hold. */
interface AviStream {
  kind: string;
  /** Seconds of one chunk, or of one sample where samples have a size. */
  unitSeconds: number;
  /** Bytes of a sample; 0 where each chunk is a unit. */
  sampleBytes: number;
  format: Buffer | null;
  chunks: number;
  soundBytes: number;
  firstChunkAt: number | null;
}

const readStream = (bytes: MediaBytes, list: Chunk): AviStream => {
  const stream: AviStream = {
    kind: '',
    unitSeconds: 0,
    sampleBytes: 0,
    format: null,
    chunks: 0,
    soundBytes: 0,
    firstChunkAt: null,
  };
  for (const chunk of walkChunks(bytes, list.start + 4, 'LE', list.start + list.declaredBytes)) {
    if (chunk.id === 'strh') {
      const header = bytes.readAll(chunk.start, 48);
      if (header === null) return stream;
      stream.kind = header.toString('latin1', 0, 4);
      stream.unitSeconds = secondsOrNull(header.readUInt32LE(20), header.readUInt32LE(24)) ?? 0;
      stream.sampleBytes = header.readUInt32LE(44);
    }
    if (chunk.id === 'strf') stream.format = bytes.readAll(chunk.start, Math.min(40, chunk.declaredBytes));
  }
  return stream;
};

/** Goes over the chunks of every `movi` list: two digits name the stream, and two letters what the chunk holds. */
const countChunks = (bytes: MediaBytes, streams: readonly AviStream[]): void => {
  const cursor = new ByteCursor(bytes);
  let offset = 12;
  for (let count = 0; count < MAX_CHUNKS; count += 1) {
    const header = cursor.readAll(offset, 12);
    if (header === null) return;
    const id = header.toString('latin1', 0, 4);
    const sizeBytes = header.readUInt32LE(4);
    if (id === 'RIFF' || (id === 'LIST' && /^(movi|rec )$/.test(header.toString('latin1', 8, 12)))) {
      offset += 12;
      continue;
    }
    const named = /^(\d\d)(wb|db|dc)$/.exec(id);
    const stream = named === null ? undefined : streams[Number(named[1])];
    if (stream !== undefined) {
      stream.firstChunkAt ??= offset + 8;
      stream.chunks += 1;
      stream.soundBytes += Math.max(0, Math.min(sizeBytes, bytes.sizeBytes - offset - 8));
    } else if (!/^[ -~]{4}$/.test(id)) return;
    offset += 8 + sizeBytes + (sizeBytes % 2);
  }
};

const secondsOf = (bytes: MediaBytes, stream: AviStream): number | null => {
  if (stream.kind === 'vids' || stream.format === null || stream.format.length < 16) {
    return stream.chunks * stream.unitSeconds || null;
  }
  const code = formatCode(stream.format);
  if (code !== 80 && code !== 85) {
    const { seconds, by } = secondsByFormat(stream.format, stream.soundBytes);
    return by === 'rate' && stream.sampleBytes === 0 ? stream.chunks * stream.unitSeconds : seconds;
  }
  // MPEG audio in chunks of one frame each where samples have no size, else at one bit rate.
  if (stream.sampleBytes === 0) return stream.chunks * stream.unitSeconds || null;
  const frame = stream.firstChunkAt === null ? null : readMpegFrame(bytes.read(stream.firstChunkAt, 4), 0);
  return frame === null ? null : (stream.soundBytes * 8) / frame.bitrate;
};

/** Longest stream by the chunks that are there, and the channels and codec of the first one with sound. */
export const probeAvi = (bytes: MediaBytes): Probe => {
  const streams = [...streamLists(bytes)].slice(0, MAX_STREAMS).map((list) => readStream(bytes, list));
  const isWalked = untilReadLimit(() => countChunks(bytes, streams));
  const played = streams.filter(({ kind }) => kind === 'auds' || kind === 'vids');
  const durations = played.map((stream) => secondsOf(bytes, stream) ?? 0);
  const sound = streams.find(({ kind, format }) => kind === 'auds' && format !== null && format.length >= 16);
  return {
    ...NOTHING_PROBED,
    durationSeconds: (isWalked && Math.max(0, ...durations)) || null,
    channels: sound?.format?.readUInt16LE(2) ?? null,
    codec: sound?.format ? codecOfFormat(sound.format) : null,
    hasVideo: streams.length === 0 ? null : streams.some(({ kind }) => kind === 'vids'),
  };
};
