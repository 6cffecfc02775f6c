import type { ScoredPair } from './linkage-fields.ts';
import { REVIEW_FLOOR } from './weights.ts';

/** A tenant's own measure of certainty, in bits. */
export interface LinkageLimits {
  /** The least score of a pair that is taken by itself. */
  readonly threshold: number;
  /** How far every other pair of the same record, and of the same recording, must stay behind. */
  readonly margin: number;
}

export interface LinkDecision {
  /** Pairs that are one call beyond doubt, each record and each recording at most once. */
  readonly matches: readonly ScoredPair[];
  /** Pairs not far below chance that have a rival: all are reported, and none is picked. Source: case 32. */
  readonly ambiguous: readonly ScoredPair[];
}

/**
 * Picks the pairs that are each other's best by the margin, on both sides. A record and a recording that found each
 * other are not rivals any more, so the rest is judged again without them until nothing changes. A pair of which not
 * every rival is known, as `isDecidable` tells, is never picked and stays a rival.
 *
 * Invariant: the order of `pairs` decides nothing.
 */
export function decideLinks(
  pairs: readonly ScoredPair[],
  { threshold, margin }: LinkageLimits,
  isDecidable: (pair: ScoredPair) => boolean = () => true,
): LinkDecision {
  const matches: ScoredPair[] = [];
  let open = [...pairs];
  for (;;) {
    const lead = leadOf(open);
    const found = open.filter(
      (pair) => pair.score >= threshold && lead(pair) > 0 && lead(pair) >= margin && isDecidable(pair),
    );
    if (found.length === 0) break;
    matches.push(...found);
    const taken = new Set(found.flatMap((pair) => [recordKey(pair), recordingKey(pair)]));
    open = open.filter((pair) => !taken.has(recordKey(pair)) && !taken.has(recordingKey(pair)));
  }
  return { matches, ambiguous: rivalsOf(open, margin) };
}

const recordKey = (pair: ScoredPair): string => `record ${pair.recordId}`;
const recordingKey = (pair: ScoredPair): string => `recording ${pair.recordingId}`;

/** How far a pair is ahead of the best other pair of its record or recording; negative where it is behind. */
function leadOf(pairs: readonly ScoredPair[]): (pair: ScoredPair) => number {
  const best = new Map<string, [number, number]>();
  for (const pair of pairs) {
    for (const key of [recordKey(pair), recordingKey(pair)]) {
      const [first, second] = best.get(key) ?? [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
      best.set(key, pair.score > first ? [pair.score, first] : [first, Math.max(second, pair.score)]);
    }
  }
  const leadAt = (key: string, score: number): number => {
    const [first, second] = best.get(key)!;
    return score < first ? score - first : score - second;
  };
  return (pair) => Math.min(leadAt(recordKey(pair), pair.score), leadAt(recordingKey(pair), pair.score));
}

/**
 * Of the pairs left over, each that shares its record or recording with another one, where both are within the margin
 * of the best and not far below chance. A tie is reported below the threshold too: picking nothing needs less certainty.
 */
function rivalsOf(open: readonly ScoredPair[], margin: number): ScoredPair[] {
  const near = new Map<string, ScoredPair[]>();
  for (const pair of open) {
    if (pair.score < REVIEW_FLOOR) continue;
    for (const key of [recordKey(pair), recordingKey(pair)]) {
      const group = near.get(key);
      if (group) group.push(pair);
      else near.set(key, [pair]);
    }
  }
  const rivals = new Set<ScoredPair>();
  for (const group of near.values()) {
    const best = Math.max(...group.map((pair) => pair.score));
    const tied = group.filter((pair) => pair.score > best - margin || pair.score === best);
    if (tied.length > 1) for (const pair of tied) rivals.add(pair);
  }
  return open.filter((pair) => rivals.has(pair));
}
