/** Where time comes from; tests hand in one that they move. */
export interface Clock {
  /** The wall clock, which may jump. */
  now(): Date;
  /** Milliseconds since some fixed moment of this process; never jumps. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
