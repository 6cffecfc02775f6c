const WINDOW_MS = 60_000;
const MAX_FAILURES = 100;
const MAX_ADDRESSES = 10_000;
const MAX_REMEMBERED = 1000;

/**
 * Counts bad credentials by address: over 100 in a minute, an address is suspect. That never refuses a good credential,
 * since a neighbor behind the same address may be the guesser: it only has the address's credentials looked up in turns.
 */
export class FailedLogins {
  readonly #failures = new Map<string, { count: number; until: number }>();
  readonly #goodUntil = new Map<string, number>();

  /** Whether this credential, by its digest, comes from a suspect address and was not good lately. `nowMs` is monotonic. */
  isSuspect(address: string, digest: string, nowMs: number): boolean {
    const failures = this.#failures.get(address);
    if (failures === undefined || failures.until <= nowMs || failures.count < MAX_FAILURES) return false;
    return (this.#goodUntil.get(digest) ?? 0) <= nowMs;
  }

  noteFailure(address: string, nowMs: number): void {
    const present = this.#failures.get(address);
    if (present !== undefined && present.until > nowMs) {
      present.count += 1;
      return;
    }
    this.#failures.delete(address);
    this.#failures.set(address, { count: 1, until: nowMs + WINDOW_MS });
    forgetOldest(this.#failures, MAX_ADDRESSES);
  }

  noteSuccess(digest: string, nowMs: number): void {
    this.#goodUntil.delete(digest);
    this.#goodUntil.set(digest, nowMs + 10 * WINDOW_MS);
    forgetOldest(this.#goodUntil, MAX_REMEMBERED);
  }
}

/** Maps keep the order of insertion. */
function forgetOldest<K, V>(map: Map<K, V>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return;
    map.delete(key);
  }
}
