/** Clocks read at one moment, and how far two of them ran since the last sweep; milliseconds. */
export interface ClockReading {
  readonly hostMs: number;
  readonly databaseMs: number;
  readonly wallElapsedMs: number;
  readonly monotonicElapsedMs: number;
}

const HOST_AND_DATABASE_MS = 5 * 60 * 1000;
const WALL_AND_MONOTONIC_MS = 60 * 60 * 1000;

/** Why no clock can be trusted to purge by, or null. Source: C5; a wrong clock must not delete a week early. */
export function judgeClocks(reading: ClockReading): string | null {
  const apart = Math.abs(reading.hostMs - reading.databaseMs);
  if (apart > HOST_AND_DATABASE_MS) return `host and database are ${Math.round(apart / 1000)} s apart`;
  const drift = Math.abs(reading.wallElapsedMs - reading.monotonicElapsedMs);
  if (drift > WALL_AND_MONOTONIC_MS) return `the host's clock jumped by ${Math.round(drift / 1000)} s`;
  return null;
}

/** Where a process compares its two clocks from; milliseconds. */
export interface ClockBaseline {
  readonly wallMs: number;
  readonly monotonicMs: number;
  /** Since when, by the monotonic clock, the two have run apart; null where they have not. */
  readonly doubtedSinceMs: number | null;
}

const DOUBT_MS = 24 * 60 * 60 * 1000;

/**
 * Where to compare from at the next sweep: from now, unless the wall clock has jumped. A jump stays in sight for a day,
 * or until the clock comes back: a purge that stopped for a single sweep would only be a minute late.
 */
export function nextBaseline(
  baseline: ClockBaseline,
  now: Pick<ClockBaseline, 'wallMs' | 'monotonicMs'>,
): ClockBaseline {
  const drift = now.wallMs - baseline.wallMs - (now.monotonicMs - baseline.monotonicMs);
  const since = baseline.doubtedSinceMs ?? now.monotonicMs;
  const isTrusted = Math.abs(drift) <= WALL_AND_MONOTONIC_MS || now.monotonicMs - since >= DOUBT_MS;
  return isTrusted
    ? { wallMs: now.wallMs, monotonicMs: now.monotonicMs, doubtedSinceMs: null }
    : { ...baseline, doubtedSinceMs: since };
}
