import { type Outcome, type OutcomeCode, outcomeOf, outcomeSaying } from '../outcomes.ts';

/**
 * Holds of a file that we, not its sender, failed to read. Such a file is set aside: it takes part in nothing, no later
 * file waits for it, and it is read again later. Source: case 115.
 */
export const SET_ASIDE_HOLDS = ['UNREADABLE', 'BYTES_MISSING'] as const satisfies readonly OutcomeCode[];

export type SetAsideCode = (typeof SET_ASIDE_HOLDS)[number];

export const isSetAside = (code: string | null | undefined): code is SetAsideCode =>
  SET_ASIDE_HOLDS.some((hold) => hold === code);

/** After so many failed readings that no outage explains, a file is set aside. */
export const MAX_FAILED_READS = 3;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const REREADS_AFTER_MS = [15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS] as const;

/** How long a file rests that was set aside after `rereads` readings more: long enough that it holds up nobody. */
export const rereadDelayMs = (rereads: number): number =>
  REREADS_AFTER_MS[Math.min(rereads, REREADS_AFTER_MS.length - 1)]!;

/** How an incomplete file ends that is purged while it is held with `code`. */
export const purgedOutcome = (code: string | null): Outcome =>
  isSetAside(code)
    ? outcomeSaying('PURGED_UNPAIRED', 'We could not read the file within 7 days, so it was purged.')
    : code === 'NO_TRIGGER' || code === 'NO_BUNDLE'
      ? outcomeSaying(
          'PURGED_UNPAIRED',
          'The bundle and its `.done` file were not both there within 7 days, so the file was purged.',
        )
      : outcomeOf('PURGED_UNPAIRED');
