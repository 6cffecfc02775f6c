import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NearMiss } from '@callbay/contracts';
import { type OutcomeCode, scoreNearMiss, UNPAIRED_HOLDS } from '@callbay/core';
import { textSql } from '../database/constants.ts';
import { type Database, transact } from '../database/database.ts';

/** A call key that waits for the file of another name, and whether that file is a recording. */
export interface Seeker {
  readonly callKey: string;
  readonly wantsRecording: boolean;
}

/** Waiting files that are looked at on each side of a name, in each of the two orders. */
export const NEIGHBORS = 8;
/** How many near misses of each hold are shown. */
const MAX_NEAR_MISSES = 5;
/** Pairs of names that are scored before other requests have their turn: a few milliseconds. */
export const SCORED_AT_ONCE = 250;

const PUNCTUATION = textSql(' !"#$%&\'()*+,-./:;<=>?@[]^_`{|}~');
/** A name by its letters and digits, written as the indexes of waiting files have it. */
const lettersSql = (text: string): string => `translate(lower(${text} COLLATE "C"), ${PUNCTUATION}, '')`;
const FORWARD = lettersSql('f.stem');
const BACKWARD = `reverse(${FORWARD})`;

const COLUMNS = 'f.id, f.name, f.stem, f.call_key, f.receive_seq';
/** What waits for the other half of its pair. */
const isWaitingSql = (code: OutcomeCode): string =>
  `f.tenant_id = $1 AND f.state = 'held' AND f.outcome_code = ${textSql(code)} AND f.purged_at IS NULL`;

/** The nearest names after or before the seeker's own, in one of the two orders. */
const side = (code: OutcomeCode, order: string, own: string, is: '>=' | '<'): string => {
  const direction = is === '<' ? ' DESC' : '';
  return `(SELECT ${COLUMNS} FROM files f
    WHERE ${isWaitingSql(code)} AND ${order} ${is} ${own}
    ORDER BY ${order}${direction}, f.receive_seq${direction} LIMIT ${NEIGHBORS})`;
};

const around = (code: OutcomeCode): string =>
  [
    side(code, FORWARD, 's.letters', '>='),
    side(code, FORWARD, 's.letters', '<'),
    side(code, BACKWARD, 'reverse(s.letters)', '>='),
    side(code, BACKWARD, 'reverse(s.letters)', '<'),
  ].join('\n UNION ');

const neighborsOf = (code: OutcomeCode): string => `
  SELECT s.nth::int AS nth, f.id AS "fileId", f.name, f.stem, f.call_key AS "callKey",
         f.receive_seq AS "receiveSeq"
    FROM (SELECT nth, ${lettersSql('stem')} AS letters FROM unnest($2::text[]) WITH ORDINALITY AS u(stem, nth)) s,
         LATERAL (${around(code)}) f`;

export const RECORDINGS_AROUND = neighborsOf('NO_METADATA');
export const METADATA_AROUND = neighborsOf('NO_RECORDING');

interface Neighbor {
  readonly fileId: string;
  readonly name: string;
  readonly stem: string;
  readonly callKey: string | null;
  readonly receiveSeq: number;
}

/**
 * Statistics of a table that has just filled, or emptied, make the planner sort all that waits: it is to walk the indexes in
 * their order.
 */
export const WALK_INDEXES = 'SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off';

/** Waiting files to compare with a seeker. */
export interface Neighborhood {
  readonly seeker: Seeker;
  readonly files: readonly Neighbor[];
}

/** In the order of the seekers. What is read depends on their number alone, not on how much waits. */
export async function findNeighbors(
  db: Database,
  tenantId: string,
  seekers: readonly Seeker[],
): Promise<Neighborhood[]> {
  if (seekers.length === 0) return [];
  const found = new Map<Seeker, Neighbor[]>(seekers.map((seeker) => [seeker, []]));
  await transact(db, async (tx) => {
    await tx.execute(WALK_INDEXES);
    for (const wantsRecording of [true, false]) {
      const alike = seekers.filter((each) => each.wantsRecording === wantsRecording);
      if (alike.length === 0) continue;
      const text = wantsRecording ? RECORDINGS_AROUND : METADATA_AROUND;
      const stems = alike.map(({ callKey }) => stemOf(callKey));
      const files = await tx.query<Neighbor & { readonly nth: number }>(text, [tenantId, stems]);
      for (const file of files) found.get(alike[file.nth - 1]!)!.push(file);
    }
  });
  return [...found].map(([seeker, files]) => ({ seeker, files }));
}

/** Near misses of each neighborhood, best first. Other work of the process has its turn in between: `pause` waits for that. */
export async function scoreNeighbors(
  neighborhoods: readonly Neighborhood[],
  pause: () => Promise<unknown> = nextTurn,
): Promise<NearMiss[][]> {
  const found: NearMiss[][] = [];
  let scored = 0;
  for (const { seeker, files } of neighborhoods) {
    const misses: (NearMiss & { readonly receiveSeq: number })[] = [];
    for (const { fileId, name, stem, callKey, receiveSeq } of files) {
      if (callKey === seeker.callKey) continue;
      if (scored > 0 && scored % SCORED_AT_ONCE === 0) await pause();
      scored += 1;
      const miss = scoreNearMiss(stemOf(seeker.callKey), stem);
      if (miss !== null) misses.push({ fileId, name, ...miss, receiveSeq });
    }
    misses.sort((a, b) => b.score - a.score || b.receiveSeq - a.receiveSeq);
    found.push(misses.slice(0, MAX_NEAR_MISSES).map(({ receiveSeq: _, ...miss }) => miss));
  }
  return found;
}

/**
 * Of each seeker, in their order, the waiting files of other keys whose names are nearly its own, best first; of null none.
 */
export async function findNearMisses(
  db: Database,
  tenantId: string,
  seekers: readonly (Seeker | null)[],
): Promise<NearMiss[][]> {
  const real = seekers.filter((seeker) => seeker !== null);
  const found = (await scoreNeighbors(await findNeighbors(db, tenantId, real))).values();
  return seekers.map((seeker) => (seeker === null ? [] : (found.next().value ?? [])));
}

const stemOf = (callKey: string): string => callKey.slice(callKey.indexOf(':') + 1);

interface HeldFile {
  readonly state: string;
  readonly kind: string | null;
  readonly outcomeCode: string | null;
  readonly callKey: string | null;
}

function seekerOf({ state, kind, outcomeCode, callKey }: HeldFile): Seeker | null {
  const isUnpaired = state === 'held' && (UNPAIRED_HOLDS as readonly string[]).includes(outcomeCode ?? '');
  return isUnpaired && callKey !== null ? { callKey, wantsRecording: kind !== 'recording' } : null;
}

/** Of each file, in their order, a sentence for each waiting file that may be its other half. */
export async function findHints(
  db: Database,
  tenantId: string,
  files: readonly HeldFile[],
): Promise<string[][]> {
  const misses = await findNearMisses(db, tenantId, files.map(seekerOf));
  return misses.map((ofFile) =>
    ofFile.map(({ name, why }) => `${name} waits for its other half too. ${why}`),
  );
}
