import { editsUpTo2 } from '../names/edits-up-to-2.ts';
import { extensionOf, MEDIA_EXTENSIONS } from '../names/file-kinds.ts';

/** How much two stems look alike, over 0 to below 1, and the sentence that says in what. */
export interface NearMissScore {
  readonly score: number;
  readonly why: string;
}

const TIMESTAMP = /^(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})(?:_|$)/;
const CLOSE_SECONDS = 300;
/** Shorter stems are near each other by chance. */
const MIN_CHARS_FOR_EDITS = 5;
const MIN_CHARS_FOR_PART = 6;

/**
 * Whether two different stems were perhaps meant to be one, so that a person can see what to rename; null where
 * nothing suggests it. Symmetric. It never pairs anything. Source: FACE holds.
 */
export function scoreNearMiss(left: string, right: string): NearMissScore | null {
  const [a, b] = [left.normalize('NFC'), right.normalize('NFC')];
  if (a === b) return null;
  const [lowerA, lowerB] = [a.toLowerCase(), b.toLowerCase()];
  if (lowerA === lowerB) return { score: 0.95, why: 'Only upper and lower case differ.' };
  const inner = scoreInnerExtension(lowerA, lowerB);
  if (inner !== null) return inner;
  if (lettersOf(lowerA) === lettersOf(lowerB) && lettersOf(lowerA) !== '') {
    return { score: 0.9, why: 'Only spaces and punctuation differ.' };
  }
  const longEnough = Math.min(a.length, b.length) >= MIN_CHARS_FOR_EDITS;
  const edits = longEnough ? editsUpTo2(lowerA, lowerB) : null;
  if (edits === 1) return { score: 0.85, why: 'One character differs.' };
  return scoreTimes(lowerA, lowerB) ?? scorePart(lowerA, lowerB) ?? scoreEdits(edits);
}

/** `x.wav.json` beside `x.wav`, or `x.wav.wav` beside `x.json`: the last extension alone is not part of the name. */
function scoreInnerExtension(a: string, b: string): NearMissScore | null {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const ext = extensionOf(long);
  if (!MEDIA_EXTENSIONS.has(ext) || long !== `${short}.${ext}`) return null;
  const why = `One name holds \`.${ext}\` besides its last extension: leave it out, so that both names are the same.`;
  return { score: 0.97, why };
}

const lettersOf = (stem: string): string => stem.replace(/[^\p{L}\p{N}]/gu, '');

const scoreEdits = (edits: number | null): NearMissScore | null =>
  edits === 2 ? { score: 0.55, why: 'Two characters differ.' } : null;

function scoreTimes(a: string, b: string): NearMissScore | null {
  const [timeA, timeB] = [secondsOf(a), secondsOf(b)];
  if (timeA === null || timeB === null) return null;
  if (timeA === timeB) return { score: 0.7, why: 'The same time, with another direction or user.' };
  const isSameRest = a.slice(15) === b.slice(15) && a.length > 16;
  if (!isSameRest || Math.abs(timeA - timeB) > CLOSE_SECONDS) return null;
  return { score: 0.6, why: `The same direction and user, ${Math.abs(timeA - timeB)} seconds apart.` };
}

/** Wall-clock seconds of a stem's timestamp, good for differences only. */
function secondsOf(stem: string): number | null {
  const match = TIMESTAMP.exec(stem);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** A prefix or suffix that one side adds, such as an unconfigured source prefix. */
function scorePart(a: string, b: string): NearMissScore | null {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length < MIN_CHARS_FOR_PART || !(long.startsWith(short) || long.endsWith(short))) return null;
  return { score: 0.65, why: 'One name is the other with something added.' };
}
