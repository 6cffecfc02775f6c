/**
 * How many files this process may read alone at once: small ones must find a process of the pool all the same. Files that
 * are read soon have places of their own, so that they never wait for another tenant's import. Tenants get places in the
 * order in which they asked.
 */
export interface ReadSlots {
  /**
   * Null where all places are taken or belong to tenants that asked before, and where the tenant has one already: two jobs
   * would read the same file. The tenant is then in line, as long as it asks again within 5 seconds each time.
   */
  take(tenantId: string, read?: { readonly isShort: boolean }): Disposable | null;
  /** The tenant has nothing to read any more. */
  leave(tenantId: string): void;
  /** The first tenant in line that could take a place just now, of those with a long file and of those with a short one. */
  next(): readonly string[];
}

export interface ReadSlotsOptions {
  readonly total: number;
  /** More places, which only short files take. */
  readonly totalShort?: number;
  readonly nowMs?: () => number;
}

/** A tenant asks again every half second; one that does not was served by another process, or died with its job. */
const KEEPS_PLACE_MS = 5_000;

export function createReadSlots({
  total,
  totalShort = 1,
  nowMs = () => performance.now(),
}: ReadSlotsOptions): ReadSlots {
  /** Tenants that read a file now, whatever its length. */
  const taken = new Set<string>();
  const long = new Line(total, taken, nowMs);
  const short = new Line(totalShort, taken, nowMs);
  return {
    take(tenantId, { isShort } = { isShort: false }) {
      const [own, other] = isShort ? [short, long] : [long, short];
      other.leave(tenantId);
      return own.take(tenantId);
    },
    leave(tenantId) {
      long.leave(tenantId);
      short.leave(tenantId);
    },
    next: () => [long, short].flatMap((line) => line.next() ?? []),
  };
}

/** Places of one kind, and the tenants that wait for them. */
class Line {
  readonly #total: number;
  readonly #taken: Set<string>;
  readonly #nowMs: () => number;
  /** When each tenant in line asked last, in the order in which they came. */
  readonly #askedMs = new Map<string, number>();
  #used = 0;

  constructor(total: number, taken: Set<string>, nowMs: () => number) {
    this.#total = total;
    this.#taken = taken;
    this.#nowMs = nowMs;
  }

  take(tenantId: string): Disposable | null {
    const inLine = this.#waiting();
    const place = inLine.indexOf(tenantId);
    const before = place < 0 ? inLine.length : place;
    if (this.#taken.has(tenantId) || before >= this.#total - this.#used) {
      this.#askedMs.set(tenantId, this.#nowMs());
      return null;
    }
    this.#askedMs.delete(tenantId);
    this.#taken.add(tenantId);
    this.#used += 1;
    return {
      [Symbol.dispose]: () => {
        this.#taken.delete(tenantId);
        this.#used -= 1;
      },
    };
  }

  leave(tenantId: string): void {
    this.#askedMs.delete(tenantId);
  }

  next(): string | null {
    return this.#used < this.#total ? (this.#waiting()[0] ?? null) : null;
  }

  /** Tenants in line that could use a place. */
  #waiting(): string[] {
    const oldestMs = this.#nowMs() - KEEPS_PLACE_MS;
    for (const [tenantId, askedMs] of this.#askedMs) if (askedMs <= oldestMs) this.#askedMs.delete(tenantId);
    return [...this.#askedMs.keys()].filter((tenantId) => !this.#taken.has(tenantId));
  }
}
