/**
 * How often a level is seen among pairs that are one call (`m`) and among pairs that are not, inside a block (`u`).
 * Its weight is log2(m / u), as Fellegi and Sunter have it. Each field's `m` and each field's `u` add up to 1.
 */
export interface Level {
  readonly level: string;
  /** The largest distance that still belongs here, in the field's own measure. */
  readonly upTo: number;
  readonly m: number;
  readonly u: number;
}

/**
 * All weights there are; nothing is learnt in secret. Where a tenant's data may differ they err against a match: few
 * users, repeated callers, and user ids that are consecutive numbers.
 */
export const LINKAGE_WEIGHTS = {
  /**
   * Seconds between the starts. `m`: clocks half a minute apart, one in twenty off by minutes. `u`: even in a block.
   */
  startedAt: [
    { level: 'within 5 s', upTo: 5, m: 0.127, u: 0.0083 },
    { level: 'within 15 s', upTo: 15, m: 0.24, u: 0.0167 },
    { level: 'within 30 s', upTo: 30, m: 0.287, u: 0.025 },
    { level: 'within 60 s', upTo: 60, m: 0.263, u: 0.05 },
    { level: 'within 90 s', upTo: 90, m: 0.0455, u: 0.05 },
    { level: 'within 3 min', upTo: 180, m: 0.0175, u: 0.15 },
    { level: 'within 5 min', upTo: 300, m: 0.0195, u: 0.2 },
    { level: 'further apart', upTo: Number.POSITIVE_INFINITY, m: 0.0005, u: 0.5 },
  ],
  /** Characters that differ. */
  user: [
    { level: 'same', upTo: 0, m: 0.88, u: 0.05 },
    { level: 'nearly the same', upTo: 2, m: 0.1, u: 0.3 },
    { level: 'different', upTo: Number.POSITIVE_INFINITY, m: 0.02, u: 0.65 },
  ],
  /** Digits that differ, of the two numbers nearest to each other. */
  phone: [
    { level: 'same', upTo: 0, m: 0.88, u: 0.001 },
    { level: 'nearly the same', upTo: 2, m: 0.1, u: 0.004 },
    { level: 'different', upTo: Number.POSITIVE_INFINITY, m: 0.02, u: 0.995 },
  ],
  /** Seconds between the lengths. */
  durationSeconds: [
    { level: 'within 1 s', upTo: 1, m: 0.76, u: 0.012 },
    { level: 'within 3 s', upTo: 3, m: 0.12, u: 0.015 },
    { level: 'within 10 s', upTo: 10, m: 0.04, u: 0.053 },
    { level: 'different', upTo: Number.POSITIVE_INFINITY, m: 0.08, u: 0.92 },
  ],
  /** 0: the same, 1: another. */
  direction: [
    { level: 'same', upTo: 0, m: 0.92, u: 0.5 },
    { level: 'different', upTo: Number.POSITIVE_INFINITY, m: 0.08, u: 0.5 },
  ],
} as const satisfies Record<string, readonly Level[]>;

/** Starts further apart than this are never compared: it bounds how many pairs there are. */
export const BLOCK_MS = 10 * 60 * 1000;
/** Starts no further apart than this are compared whatever else is said. */
export const NEAR_MS = 60 * 1000;

/** Where a tenant has set nothing. Tuned with `npm run bench -- linkage` on a seed that it is not measured by. */
export const DEFAULT_LINKAGE = { threshold: 5, margin: 4 };

/**
 * Of pairs below nobody is asked. A little under chance, since a tie is to be told even where a clock was minutes off
 * and fields are missing: at 0 one twin in 900 is not, and at -4 one record in 400 more is told of a tie.
 */
export const REVIEW_FLOOR = -4;
