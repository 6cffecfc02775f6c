const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** An endpoint whose next event cannot be delivered for so long is disabled. */
export const WEBHOOK_GIVE_UP_MS = 3 * 24 * HOUR_MS;

/** After each failed attempt in turn; the last one from then on. */
const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
] as const;

/** How the next event of an endpoint stands after a failed attempt. */
export interface FailedAttempt {
  /** Attempts of this event, the failed one included. */
  readonly attempts: number;
  /** Since the first attempt of this event that failed. */
  readonly failingForMs: number;
  readonly isRetryable: boolean;
}

/**
 * How long after a failed attempt the event is tried again; null where the endpoint is disabled instead: after three days,
 * or at once where trying again cannot help.
 */
export function webhookRetryMs({ attempts, failingForMs, isRetryable }: FailedAttempt): number | null {
  if (!isRetryable || failingForMs >= WEBHOOK_GIVE_UP_MS) return null;
  const delay = DELAYS_MS[Math.min(attempts, DELAYS_MS.length) - 1] ?? DELAYS_MS[0];
  // The last attempt is not later than the end of the three days.
  return Math.min(delay, WEBHOOK_GIVE_UP_MS - failingForMs);
}
