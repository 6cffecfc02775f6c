import { decideLinks, type LinkageLimits } from './decide-links.ts';
import type { LinkageParty, ScoredPair } from './linkage-fields.ts';
import { scoreBlocks } from './score-pair.ts';
import { REVIEW_FLOOR } from './weights.ts';

/** What to do with records and recordings that wait near each other in time. */
export interface JudgedMatches {
  /** Beyond doubt: link them. */
  readonly matches: readonly ScoredPair[];
  /** For a person to accept or refuse, best first: at most five of each record. */
  readonly proposals: readonly (ScoredPair & { readonly isAmbiguous: boolean })[];
}

const PROPOSALS_OF_RECORD = 5;

/**
 * Links what is beyond doubt and proposes the rest that is not far below chance. `isRefused` pairs are never proposed
 * again, and keep nothing from being matched. Of pairs that are not `isDecidable` some rivals are unknown: they decide
 * nothing and are not proposed.
 */
export function judgeMatches(
  records: readonly LinkageParty[],
  recordings: readonly LinkageParty[],
  isRefused: (recordId: string, recordingId: string) => boolean,
  limits: LinkageLimits,
  isDecidable: (pair: ScoredPair) => boolean = () => true,
): JudgedMatches {
  // Below both, a pair is neither worth reporting nor a rival of a reported pair.
  const leastScore = Math.min(REVIEW_FLOOR, limits.threshold - limits.margin);
  const pairs = scoreBlocks(records, recordings, leastScore).filter(
    (p) => !isRefused(p.recordId, p.recordingId),
  );
  const { matches, ambiguous } = decideLinks(pairs, limits, isDecidable);
  const taken = new Set(matches.flatMap((p) => [p.recordId, p.recordingId]));
  const rivals = new Set(ambiguous);
  const told = new Map<string, number>();
  const proposals = pairs
    .filter(
      (p) => p.score >= REVIEW_FLOOR && isDecidable(p) && !taken.has(p.recordId) && !taken.has(p.recordingId),
    )
    .toSorted((a, b) => b.score - a.score || (a.recordingId < b.recordingId ? -1 : 1))
    .filter((p) => {
      const nth = (told.get(p.recordId) ?? 0) + 1;
      told.set(p.recordId, nth);
      return nth <= PROPOSALS_OF_RECORD;
    })
    .map((p) => ({ ...p, isAmbiguous: rivals.has(p) }));
  return { matches, proposals };
}
