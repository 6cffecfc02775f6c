/** For how many days after its start a call is kept; null for ever. Source: E5, two ages set separately. */
export interface DataRetention {
  readonly evaluatedDays: number | null;
  readonly notEvaluatedDays: number | null;
}

/** Why a call was deleted. */
export type DeletionReason = 'EVALUATED_EXPIRED' | 'NOT_EVALUATED_EXPIRED';

/** How long a shorter data retention deletes nothing yet: time to notice the alert and to undo the change. */
export const DATA_RETENTION_GRACE_HOURS = 24;

/** Whether a change is for somebody to confirm: it would delete calls, however few. Source: case 57. */
export const wantsConfirmation = ({ removed }: { removed: number }): boolean => removed > 0;

const isShorterAge = (before: number | null, after: number | null): boolean =>
  after !== null && (before === null || after < before);

/** Whether a change deletes any call sooner than before. */
export const isShorter = (before: DataRetention, after: DataRetention): boolean =>
  isShorterAge(before.evaluatedDays, after.evaluatedDays) ||
  isShorterAge(before.notEvaluatedDays, after.notEvaluatedDays);
