/** After so many attempts a delivery is given up, about a day and a half after the first. */
export const MAX_DELIVERY_ATTEMPTS = 12;

const FIRST_MS = 60_000;
const LONGEST_MS = 6 * 60 * 60 * 1000;

/** How long after attempt number `attempt` (from 1) to try again; null where it was the last. */
export function retryDelayMs(attempt: number): number | null {
  if (attempt >= MAX_DELIVERY_ATTEMPTS) return null;
  return Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS);
}
