import { editsUpTo2 } from '../names/edits-up-to-2.ts';
import type { Contribution, LinkageFields, LinkageParty, ScoredPair } from './linkage-fields.ts';
import { BLOCK_MS, type Level, LINKAGE_WEIGHTS, NEAR_MS } from './weights.ts';

type Field = Contribution['field'];

/**
 * Whether two sides may be compared at all: the starts are near, and nothing that both sides say sets them in different
 * blocks. Of the users, the phones and the lengths one must agree, unless a side says no user or the starts all but
 * coincide: each of the three may be mistyped.
 */
export function isInBlock(a: LinkageFields, b: LinkageFields): boolean {
  if (a.startedAt === null || b.startedAt === null) return false;
  const apart = Math.abs(a.startedAt - b.startedAt);
  if (apart > BLOCK_MS) return false;
  return (
    apart <= NEAR_MS ||
    a.user === null ||
    b.user === null ||
    isSameUser(a.user, b.user) ||
    a.phones.some((phone) => b.phones.includes(phone)) ||
    Math.abs((a.durationSeconds ?? 0) - (b.durationSeconds ?? Number.POSITIVE_INFINITY)) <= 1
  );
}

/** How well a record and a recording fit, field by field. Symmetric in its two sides. Source: C20. */
export function scorePair(record: LinkageParty, recording: LinkageParty): ScoredPair {
  const [a, b] = [record.fields, recording.fields];
  const contributions = [
    contribution(
      'startedAt',
      secondsBetween(a.startedAt, b.startedAt, 1_000),
      (s) => `The starts are ${s} s apart.`,
    ),
    contribution('user', editsBetween(fold(a.user), fold(b.user)), edits('The users')),
    contribution('phone', nearestPhones(a.phones, b.phones), edits('The telephone numbers')),
    contribution(
      'durationSeconds',
      secondsBetween(a.durationSeconds, b.durationSeconds, 1),
      (s) => `The lengths are ${s} s apart.`,
    ),
    contribution('direction', editsBetween(fold(a.direction), fold(b.direction)), (d) =>
      d === 0 ? 'The directions are the same.' : 'The directions differ.',
    ),
  ].filter((c) => c !== null);
  const bits = contributions.reduce((sum, c) => sum + c.bits, 0);
  return { recordId: record.id, recordingId: recording.id, score: round(bits), contributions };
}

/**
 * Every pair of a common block with at least this score, found by walking both sides in the order of their starts.
 */
export function scoreBlocks(
  records: readonly LinkageParty[],
  recordings: readonly LinkageParty[],
  leastScore = Number.NEGATIVE_INFINITY,
): ScoredPair[] {
  const sorted = recordings.filter(hasStart).toSorted(byStart);
  const pairs: ScoredPair[] = [];
  let first = 0;
  for (const record of records.filter(hasStart).toSorted(byStart)) {
    const startedAt = startOf(record);
    while (first < sorted.length && startOf(sorted[first]!) < startedAt - BLOCK_MS) first += 1;
    for (let n = first; n < sorted.length && startOf(sorted[n]!) <= startedAt + BLOCK_MS; n += 1) {
      if (!isInBlock(record.fields, sorted[n]!.fields)) continue;
      const pair = scorePair(record, sorted[n]!);
      if (pair.score >= leastScore) pairs.push(pair);
    }
  }
  return pairs;
}

const hasStart = ({ fields }: LinkageParty): boolean => fields.startedAt !== null;
const startOf = ({ fields }: LinkageParty): number => fields.startedAt ?? 0;
const byStart = (a: LinkageParty, b: LinkageParty): number => startOf(a) - startOf(b);

function contribution(
  field: Field,
  distance: number | null,
  why: (distance: number) => string,
): Contribution | null {
  if (distance === null) return null;
  const levels: readonly Level[] = LINKAGE_WEIGHTS[field];
  const { level, m, u } = levels.find(({ upTo }) => distance <= upTo)!;
  return { field, level, bits: round(Math.log2(m / u)), why: why(distance) };
}

const round = (bits: number): number => Math.round(bits * 100) / 100;

const fold = (text: string | null): string | null => text?.normalize('NFC').trim().toLowerCase() ?? null;

const isSameUser = (a: string, b: string): boolean => fold(a) === fold(b);

const secondsBetween = (a: number | null, b: number | null, unit: number): number | null =>
  a === null || b === null ? null : Math.round(Math.abs(a - b) / unit);

/** 0, 1 or 2 characters that differ, else infinity; null where one side is silent. */
function editsBetween(a: string | null, b: string | null): number | null {
  if (a === null || b === null) return null;
  return a === b ? 0 : (editsUpTo2(a, b) ?? Number.POSITIVE_INFINITY);
}

function nearestPhones(left: readonly string[], right: readonly string[]): number | null {
  if (left.length === 0 || right.length === 0) return null;
  return Math.min(...left.flatMap((a) => right.map((b) => editsBetween(a, b)!)));
}

const edits =
  (what: string) =>
  (distance: number): string => {
    if (distance === 0) return `${what} are the same.`;
    return Number.isFinite(distance) ? `${what} differ in ${distance} characters.` : `${what} differ.`;
  };
