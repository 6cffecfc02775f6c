import { type EntryStats, isUntouched } from './entry-stats.ts';
import type { DataEntry } from './read-data-folder.ts';

interface Sight {
  readonly stats: EntryStats;
  readonly sinceMs: number;
  readonly since: Date;
}

/** A file that has not changed for the settle time. */
export interface SettledFile extends DataEntry {
  readonly firstSeenAt: Date;
}

export interface Judgment {
  /** In the order in which they were first seen as they are. */
  readonly settled: readonly SettledFile[];
  /** How many files are not settled. */
  readonly waiting: number;
  /** Time until the next of them may be; null without any. */
  readonly settlesInMs: number | null;
}

/** What a scanner remembers of files from scan to scan: since when each has been as it is. */
export class SettlingFiles {
  #sights = new Map<string, Sight>();

  forget(name: string): void {
    this.#sights.delete(name);
  }

  /** `now` is the database's clock, which files are received by; `nowMs` is monotonic, and they settle by it. */
  judge(
    files: readonly DataEntry[],
    { now, nowMs, settleMs }: { now: Date; nowMs: number; settleMs: number },
  ): Judgment {
    const sights = new Map<string, Sight>();
    const settled: SettledFile[] = [];
    let waiting = 0;
    let settlesInMs: number | null = null;
    for (const { name, stats } of files) {
      const seen = this.#sights.get(name);
      const isSame = seen !== undefined && isUntouched(seen.stats, stats);
      const sight = isSame ? seen : { stats, sinceMs: nowMs, since: now };
      sights.set(name, sight);
      const leftMs = sight.sinceMs + settleMs - nowMs;
      if (isSame && leftMs <= 0) settled.push({ name, stats, firstSeenAt: sight.since });
      else {
        waiting += 1;
        settlesInMs = Math.min(settlesInMs ?? leftMs, leftMs);
      }
    }
    this.#sights = sights;
    settled.sort((a, b) => a.firstSeenAt.getTime() - b.firstSeenAt.getTime());
    return { settled, waiting, settlesInMs };
  }
}
