import type { ByteCursor } from '../../byte-cursor.ts';
import { type Box, findBox, walkBoxes } from './iso-boxes.ts';

/** Longest `trun` that is read: a fragment of an hour of speech has 200,000 samples. */
const MAX_RUN_BYTES = 4 * 1024 * 1024;

/** What a fragment's samples last where they do not say so themselves, by track. */
const readDefaults = (cursor: ByteCursor, movie: Box): Map<number, number> => {
  const defaults = new Map<number, number>();
  const extension = findBox(cursor, movie, ['mvex']);
  if (extension === null) return defaults;
  for (const box of walkBoxes(cursor, extension.start, extension.end)) {
    const fields = box.type === 'trex' ? cursor.readAll(box.start, 16) : null;
    if (fields !== null) defaults.set(fields.readUInt32BE(4), fields.readUInt32BE(12));
  }
  return defaults;
};

/**
 * Ticks of the samples in the fragments of a movie, by track: each `trun` counts samples whose duration stands with each
 * of them, in the fragment's header, or in the movie's.
 */
export const sumFragments = (
  cursor: ByteCursor,
  movie: Box,
  topLevel: Iterable<Box>,
): Map<number, number> => {
  const ticks = new Map<number, number>();
  const defaults = readDefaults(cursor, movie);
  for (const moof of topLevel) {
    if (moof.type !== 'moof') continue;
    for (const track of walkBoxes(cursor, moof.start, moof.end)) {
      if (track.type !== 'traf') continue;
      const header = readFragmentHeader(cursor, track);
      if (header === null) continue;
      const duration = header.duration ?? defaults.get(header.trackId) ?? 0;
      for (const run of walkBoxes(cursor, track.start, track.end)) {
        const sum = run.type === 'trun' ? sumRun(cursor, run, duration) : 0;
        ticks.set(header.trackId, (ticks.get(header.trackId) ?? 0) + sum);
      }
    }
  }
  return ticks;
};

/** `tfhd`: the track, and what its samples last where that differs from the movie's default. */
const readFragmentHeader = (
  cursor: ByteCursor,
  track: Box,
): { trackId: number; duration: number | null } | null => {
  const box = findBox(cursor, track, ['tfhd']);
  const fields = box === null ? null : cursor.read(box.start, Math.min(24, box.end - box.start));
  if (fields === null || fields.length < 8) return null;
  const flags = fields.readUIntBE(1, 3);
  const at = 8 + ((flags & 1) === 0 ? 0 : 8) + ((flags & 2) === 0 ? 0 : 4);
  const duration = (flags & 8) !== 0 && fields.length >= at + 4 ? fields.readUInt32BE(at) : null;
  return { trackId: fields.readUInt32BE(4), duration };
};

const sumRun = (cursor: ByteCursor, run: Box, defaultDuration: number): number => {
  const head = cursor.readAll(run.start, 8);
  if (head === null) return 0;
  const flags = head.readUIntBE(1, 3);
  const count = head.readUInt32BE(4);
  if ((flags & 0x100) === 0) return count * defaultDuration;
  const entryBytes = [0x100, 0x200, 0x400, 0x800].reduce(
    (sum, flag) => sum + ((flags & flag) === 0 ? 0 : 4),
    0,
  );
  const from = run.start + 8 + ((flags & 1) === 0 ? 0 : 4) + ((flags & 4) === 0 ? 0 : 4);
  const entries = cursor.read(from, Math.min(count * entryBytes, run.end - from, MAX_RUN_BYTES));
  let ticks = 0;
  for (let at = 0; at + entryBytes <= entries.length; at += entryBytes) ticks += entries.readUInt32BE(at);
  return ticks;
};
