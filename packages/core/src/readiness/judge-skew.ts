/** What the distances between names and arrivals say about the time zone. */
export interface SkewVerdict {
  /** The constant part in minutes, a multiple of 30: arrivals lie so much after the times in names. 0: nothing odd. */
  readonly skewMinutes: number;
  readonly files: number;
}

const MIN_FILES = 20;
const HALF_HOUR_MS = 30 * 60_000;
const MINUTE_MS = 60_000;
/** Half of all distances lie within so much of the median: files sent in batches are not evidence. */
const MAX_SPREAD_MS = 10 * MINUTE_MS;
/** A file comes between 3 minutes before its call's time (clocks differ) and 12 minutes after it. */
const EARLIEST_MS = -3 * MINUTE_MS;
const LATEST_MS = 12 * MINUTE_MS;
/** An upload that is always an hour or a day late does not mean a wrong zone. */
const LEAST_LATE_MS = 2 * 60 * MINUTE_MS;
const MOST_MS = 26 * 60 * MINUTE_MS;

const medianOf = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;

/**
 * Whether times in names, read in the tenant's zone, lie always the same whole or half number of hours from the
 * arrivals: the zone is then probably wrong by that much. `distancesMs` are receivedAt minus the name's time, one for
 * each file. Under 20 files, or where arrivals scatter, it says nothing.
 */
export function judgeSkew(distancesMs: readonly number[]): SkewVerdict {
  const files = distancesMs.length;
  const median = medianOf(distancesMs.toSorted((a, b) => a - b));
  const spread = medianOf(distancesMs.map((each) => Math.abs(each - median)).sort((a, b) => a - b));
  if (files < MIN_FILES || spread > MAX_SPREAD_MS || Math.abs(median) > MOST_MS)
    return { skewMinutes: 0, files };
  const skewMs = Math.floor((median - EARLIEST_MS) / HALF_HOUR_MS) * HALF_HOUR_MS;
  const isOdd = median - skewMs <= LATEST_MS && (skewMs < 0 || skewMs >= LEAST_LATE_MS);
  return { skewMinutes: isOdd ? skewMs / MINUTE_MS : 0, files };
}

/** `+09:00`, the way offsets are written. */
export function formatOffset(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** `9 h`, `5.5 h`: a whole or half number of hours. */
export const formatHours = (minutes: number): string => `${Math.abs(minutes) / 60} h`;
