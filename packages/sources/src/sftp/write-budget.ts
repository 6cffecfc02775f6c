/**
 * The one bound on written bytes that wait in memory, for the whole process. Takers are never refused, since
 * the bytes are here already: whoever takes past the bound must stop reading its socket until there is room.
 * Invariant: used bytes pass the bound by at most one socket read per connection.
 */
export interface WriteBudget {
  take(bytes: number): void;
  give(bytes: number): void;
  isExhausted(): boolean;
  /** Calls back once, as soon as half of the bound is free again. */
  whenRoom(resume: () => void): void;
  usedBytes(): number;
}

export function createWriteBudget(limitBytes: number): WriteBudget {
  let used = 0;
  let waiting: (() => void)[] = [];
  return {
    take(bytes) {
      used += bytes;
    },
    give(bytes) {
      used -= bytes;
      if (waiting.length === 0 || used > limitBytes / 2) return;
      const resumed = waiting;
      waiting = [];
      for (const resume of resumed) resume();
    },
    isExhausted: () => used >= limitBytes,
    whenRoom(resume) {
      if (used <= limitBytes / 2) resume();
      else waiting.push(resume);
    },
    usedBytes: () => used,
  };
}
