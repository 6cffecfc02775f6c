import type { ByteCursor } from '../../byte-cursor.ts';
import { type Box, findBox, walkBoxes } from './iso-boxes.ts';

const MAX_TRACKS = 32;
/** Longest table of sample durations or edits that is read: half a million entries. */
const MAX_TABLE_BYTES = 4 * 1024 * 1024;

/** One track of a movie, its times in ticks of its own clock. */
export interface IsoTrack {
  readonly id: number;
  readonly box: Box;
  /** `soun`, `vide` or another handler. */
  readonly handler: string;
  readonly ticksPerSecond: number;
  /** By the table of samples, or by the track's header where there is no table that can be read. */
  readonly sampleTicks: number;
  /** Seconds that the edit list plays; null where it holds nothing or plays all. */
  readonly editSeconds: number | null;
  /** Seconds of silence that the edit list puts before the first sample. */
  readonly delaySeconds: number;
}

const readField = (cursor: ByteCursor, box: Box | null, short: number, long: number): number | null => {
  const fields = box === null ? null : cursor.readAll(box.start, 4);
  if (box === null || fields === null) return null;
  const isLong = fields.readUInt8(0) === 1;
  const field = cursor.readAll(box.start + (isLong ? long : short), 4);
  return field?.readUInt32BE(0) ?? null;
};

/** Duration and ticks per second of `mvhd` or `mdhd`, whose layouts begin alike. */
export const readClock = (
  cursor: ByteCursor,
  box: Box | null,
): { ticks: number; perSecond: number } | null => {
  const fields = box === null ? null : cursor.readAll(box.start, 24);
  if (box === null || fields === null) return null;
  if (fields.readUInt8(0) !== 1)
    return { perSecond: fields.readUInt32BE(12), ticks: fields.readUInt32BE(16) };
  const long = cursor.readAll(box.start + 20, 12);
  return long === null ? null : { perSecond: long.readUInt32BE(0), ticks: Number(long.readBigUInt64BE(4)) };
};

/** The tracks of a `moov` box. */
export const readTracks = (cursor: ByteCursor, movie: Box): IsoTrack[] => {
  const perSecond = readClock(cursor, findBox(cursor, movie, ['mvhd']))?.perSecond ?? 0;
  const boxes = [...walkBoxes(cursor, movie.start, movie.end)].filter(({ type }) => type === 'trak');
  return boxes.slice(0, MAX_TRACKS).flatMap((box) => readTrack(cursor, box, perSecond) ?? []);
};

const readTrack = (cursor: ByteCursor, box: Box, movieTicksPerSecond: number): IsoTrack | null => {
  const media = findBox(cursor, box, ['mdia']);
  const clock = media === null ? null : readClock(cursor, findBox(cursor, media, ['mdhd']));
  const handler = media === null ? null : findBox(cursor, media, ['hdlr']);
  if (media === null || clock === null || clock.perSecond === 0 || handler === null) return null;
  const table = findBox(cursor, media, ['minf', 'stbl', 'stts']);
  const sampleTicks = (table === null ? null : sumDurations(cursor, table)) ?? clock.ticks;
  const edits = findBox(cursor, box, ['edts', 'elst']);
  const played = edits === null ? null : readEdits(cursor, edits, movieTicksPerSecond);
  return {
    id: readField(cursor, findBox(cursor, box, ['tkhd']), 12, 20) ?? 0,
    box,
    handler: cursor.read(handler.start + 8, 4).toString('latin1'),
    ticksPerSecond: clock.perSecond,
    sampleTicks,
    editSeconds: played?.seconds || null,
    delaySeconds: played?.delaySeconds ?? 0,
  };
};

/** Entries of a table that begins with version, flags and a count; null where it is longer than what is read. */
const readTable = (cursor: ByteCursor, box: Box, entryBytes: number): Buffer | null => {
  const count = cursor.readAll(box.start + 4, 4)?.readUInt32BE(0) ?? 0;
  const bytes = Math.min(count * entryBytes, box.end - box.start - 8);
  return bytes > MAX_TABLE_BYTES ? null : cursor.readAll(box.start + 8, Math.max(0, bytes));
};

/** Ticks of all samples by `stts`: runs of a count and the duration that each sample of the run has. */
const sumDurations = (cursor: ByteCursor, box: Box): number | null => {
  const entries = readTable(cursor, box, 8);
  if (entries === null) return null;
  let ticks = 0;
  for (let at = 0; at + 8 <= entries.length; at += 8) {
    const duration = entries.readUInt32BE(at + 4);
    // Some writers put a negative number where a clock was mended.
    if (duration < 0x80000000) ticks += entries.readUInt32BE(at) * duration;
  }
  return ticks;
};

/** What an edit list plays: an edit whose start is -1 shows nothing. */
const readEdits = (
  cursor: ByteCursor,
  box: Box,
  ticksPerSecond: number,
): { seconds: number; delaySeconds: number } | null => {
  const isLong = cursor.read(box.start, 1)[0] === 1;
  const step = isLong ? 20 : 12;
  const entries = readTable(cursor, box, step);
  if (entries === null || ticksPerSecond === 0) return null;
  let seconds = 0;
  let delaySeconds = 0;
  for (let at = 0; at + step <= entries.length; at += step) {
    const ticks = isLong ? Number(entries.readBigUInt64BE(at)) : entries.readUInt32BE(at);
    const isEmpty = entries.readInt32BE(at + (isLong ? 8 : 4)) === -1;
    if (isEmpty && seconds === 0) delaySeconds += ticks / ticksPerSecond;
    else seconds += ticks / ticksPerSecond;
  }
  return { seconds, delaySeconds };
};

/** Where the first and last chunk of a track begin by `stco` or `co64`; null where there is none. */
export const chunkSpan = (cursor: ByteCursor, track: Box): { first: number; last: number } | null => {
  const table = findBox(cursor, track, ['mdia', 'minf', 'stbl']);
  if (table === null) return null;
  for (const box of walkBoxes(cursor, table.start, table.end)) {
    const step = box.type === 'stco' ? 4 : box.type === 'co64' ? 8 : 0;
    const count = step === 0 ? 0 : (cursor.readAll(box.start + 4, 4)?.readUInt32BE(0) ?? 0);
    if (count === 0 || box.start + 8 + count * step > box.end) continue;
    const read = (index: number): number | null => {
      const entry = cursor.readAll(box.start + 8 + index * step, step);
      return entry === null ? null : step === 4 ? entry.readUInt32BE(0) : Number(entry.readBigUInt64BE(0));
    };
    const [first, last] = [read(0), read(count - 1)];
    return first === null || last === null ? null : { first, last };
  }
  return null;
};
