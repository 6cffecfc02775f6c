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
