/** For how many days after its start a call is kept; null for ever. Source: E5, two ages set separately. */
export interface DataRetention {
  readonly evaluatedDays: number | null;
  readonly notEvaluatedDays: number | null;
}

/** Why a call was deleted. */
export type DeletionReason = 'EVALUATED_EXPIRED' | 'NOT_EVALUATED_EXPIRED';

const MANY_CALLS = 100;

/**
 * Whether removing so many calls at once is for somebody to confirm: over 100 and over half of all. Source: case 57.
 */
export const wantsConfirmation = ({ calls, removed }: { calls: number; removed: number }): boolean =>
  removed > MANY_CALLS && removed * 2 > calls;
