import type { MediaBytes } from '../media-bytes.ts';
import { type Chunk, declaredSize, isFormTruncated, walkChunks } from './iff.ts';
import { NOTHING_PROBED, type Probe, secondsOrNull } from './probe.ts';
import { codecOfFormat } from './wave.ts';

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

const probeStream = (bytes: MediaBytes, list: Chunk): Probe => {
  let probe = NOTHING_PROBED;
  for (const chunk of walkChunks(bytes, list.start + 4, 'LE', list.start + list.declaredBytes)) {
    if (chunk.id === 'strh') {
      const header = bytes.readAll(chunk.start, 36);
      if (header === null) return probe;
      const [scale, rate] = [header.readUInt32LE(20), header.readUInt32LE(24)];
      const length = declaredSize(header.readUInt32LE(32)) ?? 0;
      const hasVideo = header.toString('latin1', 0, 4) === 'vids';
      probe = { ...probe, hasVideo, durationSeconds: secondsOrNull(length * scale, rate) };
      if (header.toString('latin1', 0, 4) !== 'auds') return probe;
    }
    if (chunk.id === 'strf') {
      const format = bytes.readAll(chunk.start, 16);
      if (format !== null)
        probe = { ...probe, channels: format.readUInt16LE(2), codec: codecOfFormat(format) };
    }
  }
  return probe;
};

/** Longest stream, and the channels and codec of the first one with sound, by the stream headers. */
export const probeAvi = (bytes: MediaBytes): Probe => {
  const streams = [...streamLists(bytes)].slice(0, 100).map((list) => probeStream(bytes, list));
  const durations = streams.map((stream) => stream.durationSeconds ?? 0);
  const sound = streams.find((stream) => stream.channels !== null) ?? NOTHING_PROBED;
  return {
    durationSeconds: Math.max(0, ...durations) || null,
    channels: sound.channels,
    codec: sound.codec,
    hasVideo: streams.length === 0 ? null : streams.some((stream) => stream.hasVideo === true),
  };
};
