/** What a container says of its sound; null is unknown, never a guess. */
export interface Probe {
  readonly durationSeconds: number | null;
  readonly channels: number | null;
  readonly codec: string | null;
  /** Null where nobody could tell. */
  readonly hasVideo: boolean | null;
}

export const NOTHING_PROBED: Probe = { durationSeconds: null, channels: null, codec: null, hasVideo: null };

/** `numerator / denominator`, or null where that is not a number of seconds. */
export const secondsOrNull = (numerator: number, denominator: number): number | null =>
  denominator > 0 && numerator >= 0 ? numerator / denominator : null;
