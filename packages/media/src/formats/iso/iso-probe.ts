import { ByteCursor } from '../../byte-cursor.ts';
import type { MediaBytes } from '../../media-bytes.ts';
import { untilReadLimit } from '../../until-read-limit.ts';
import { NOTHING_PROBED, type Probe } from '../probe.ts';
import { type Box, findBox, walkBoxes } from './iso-boxes.ts';
import { sumFragments } from './iso-fragments.ts';
import { readSound } from './iso-sound.ts';
import { chunkSpan, type IsoTrack, readClock, readTracks } from './iso-tracks.ts';

const PLAYED = new Set(['soun', 'vide']);
/** An edit list that plays longer than its samples by more than this is not believed. */
const EDIT_SLACK_SECONDS = 1;

/**
 * MP4, QuickTime and 3GP (ISO 14496-12): duration by the samples of the tracks and fragments as the edit lists play
 * them, from the first track that begins to the last that ends; channels and codec by the configuration of the first
 * sound track.
 */
export const probeIso = (bytes: MediaBytes): Probe => {
  const cursor = new ByteCursor(bytes);
  const file: Box = { type: 'file', start: 0, end: bytes.sizeBytes };
  const movie = findBox(cursor, file, ['moov']);
  if (movie === null) return NOTHING_PROBED;
  const tracks = readTracks(cursor, movie);
  const sound = tracks.find(({ handler }) => handler === 'soun');
  const { channels, codec } = sound === undefined ? NOTHING_PROBED : readSound(cursor, sound.box);
  let fragments = new Map<number, number>();
  const isWalked =
    findBox(cursor, movie, ['mvex']) === null ||
    untilReadLimit(() => {
      fragments = sumFragments(cursor, movie, walkBoxes(cursor, 0, bytes.sizeBytes));
    });
  // The tables of a file that was cut off count what is gone as well.
  const isCut = tracks.some(({ box }) => (chunkSpan(cursor, box)?.last ?? 0) >= bytes.sizeBytes);
  const isKnown = isWalked && !isCut;
  const seconds = isKnown ? playedSeconds(tracks, fragments) : 0;
  return {
    durationSeconds: seconds || (isKnown ? headerSeconds(cursor, movie) : null),
    channels,
    codec,
    hasVideo: tracks.some(({ handler }) => handler === 'vide'),
  };
};

const playedSeconds = (tracks: readonly IsoTrack[], fragments: ReadonlyMap<number, number>): number => {
  const spans = tracks.flatMap((track) => {
    const ticks = track.sampleTicks + (fragments.get(track.id) ?? 0);
    if (!PLAYED.has(track.handler) || ticks === 0) return [];
    const sampled = ticks / track.ticksPerSecond;
    // The edit list of a movie in fragments was written before most of its samples.
    const { editSeconds: edited } = track;
    const isEdited = edited !== null && !fragments.has(track.id) && edited <= sampled + EDIT_SLACK_SECONDS;
    const seconds = isEdited ? Math.min(edited, sampled) : sampled;
    return [{ from: track.delaySeconds, until: track.delaySeconds + seconds }];
  });
  if (spans.length === 0) return 0;
  return Math.max(...spans.map(({ until }) => until)) - Math.min(...spans.map(({ from }) => from));
};

/** What the movie's header says, for a movie whose tracks hold nothing that can be counted. */
const headerSeconds = (cursor: ByteCursor, movie: Box): number | null => {
  const clock = readClock(cursor, findBox(cursor, movie, ['mvhd']));
  return clock === null || clock.perSecond === 0 || clock.ticks === 0 ? null : clock.ticks / clock.perSecond;
};
