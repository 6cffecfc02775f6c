/** Runs work of one key at once, and then at most once in a while. */
export interface Pacer {
  /** Resolves when `work`, or a later call's work for the same key, has run. */
  pace(key: string, work: () => Promise<void>): Promise<void>;
  /** Runs what still waits for its turn at once. */
  close(): Promise<void>;
}

interface Turn {
  work: () => Promise<void>;
  readonly done: PromiseWithResolvers<void>;
}

export function createPacer(everyMs: number): Pacer {
  /** The keys that ran a moment ago, and what waits for its turn. */
  const recent = new Map<string, { readonly timer: NodeJS.Timeout; next: Turn | null }>();

  function start(key: string, work: () => Promise<void>): Promise<void> {
    const timer = setTimeout(() => {
      const next = recent.get(key)?.next ?? null;
      recent.delete(key);
      if (next !== null) next.done.resolve(start(key, next.work));
    }, everyMs);
    recent.set(key, { timer, next: null });
    return work();
  }

  return {
    pace(key, work) {
      const last = recent.get(key);
      if (last === undefined) return start(key, work);
      last.next ??= { work, done: Promise.withResolvers<void>() };
      last.next.work = work;
      return last.next.done.promise;
    },
    async close() {
      const waiting = [...recent.values()].flatMap(({ timer, next }) => {
        clearTimeout(timer);
        return next ? [next] : [];
      });
      recent.clear();
      for (const { work, done } of waiting) done.resolve(work());
      await Promise.allSettled(waiting.map(({ done }) => done.promise));
    },
  };
}
