/**
 * How many long files this process may read at once: small ones must find a process of the pool all the same. Tenants get
 * places in the order in which they asked.
 */
export interface ReadSlots {
  /**
   * Null where all places are taken or belong to tenants that asked before, and where the tenant has one already: two jobs
   * would read the same file. The tenant is then in line, as long as it asks again within 5 seconds each time.
   */
  take(tenantId: string): Disposable | null;
  /** The tenant has nothing to read any more. */
  leave(tenantId: string): void;
  /** The first tenant in line that could take a place just now. */
  next(): string | null;
}

/** A tenant asks again every half second; one that does not was served by another process, or died with its job. */
const KEEPS_PLACE_MS = 5_000;

export function createReadSlots({
  total,
  nowMs = () => performance.now(),
}: {
  readonly total: number;
  readonly nowMs?: () => number;
}): ReadSlots {
  const taken = new Set<string>();
  /** When each tenant in line asked last, in the order in which they came. */
  const line = new Map<string, number>();

  /** Tenants in line that could use a place. */
  const waiting = (): string[] => {
    const oldestMs = nowMs() - KEEPS_PLACE_MS;
    for (const [tenantId, askedMs] of line) if (askedMs <= oldestMs) line.delete(tenantId);
    return [...line.keys()].filter((tenantId) => !taken.has(tenantId));
  };

  return {
    take(tenantId) {
      const inLine = waiting();
      const place = inLine.indexOf(tenantId);
      const before = place < 0 ? inLine.length : place;
      if (taken.has(tenantId) || before >= total - taken.size) {
        line.set(tenantId, nowMs());
        return null;
      }
      line.delete(tenantId);
      taken.add(tenantId);
      return { [Symbol.dispose]: () => void taken.delete(tenantId) };
    },
    leave: (tenantId) => void line.delete(tenantId),
    next: () => (taken.size < total ? (waiting()[0] ?? null) : null),
  };
}
