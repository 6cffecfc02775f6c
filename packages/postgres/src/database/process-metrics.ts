import type { Database } from './database.ts';

/** What one process counted, as its registry gives it. */
export interface ProcessSnapshot {
  readonly process: string;
  readonly role: string;
  readonly metrics: readonly unknown[];
}

const PROCESSES_LIMIT = 200;

/** Where processes leave their metrics for the one that is scraped. No tenant's: no label names one. */
export function createProcessMetricsStore(db: Database) {
  return {
    /** Replaces what this process wrote before, and forgets those that wrote nothing for an hour. */
    async write({ process, role, metrics }: ProcessSnapshot): Promise<void> {
      await db.execute(
        `WITH gone AS (
           DELETE FROM process_metrics WHERE written_at < callbay_now() - interval '1 hour' AND process <> $1
         )
         INSERT INTO process_metrics (process, role, metrics, written_at) VALUES ($1, $2, $3, callbay_now())
         ON CONFLICT (process) DO UPDATE SET role = $2, metrics = $3, written_at = callbay_now()`,
        [process, role, JSON.stringify(metrics)],
      );
    },

    async remove(process: string): Promise<void> {
      await db.execute('DELETE FROM process_metrics WHERE process = $1', [process]);
    },

    /** What the other processes wrote within the last `withinMs`, at most 200 of them. */
    async listOthers(process: string, withinMs: number): Promise<ProcessSnapshot[]> {
      return db.query<ProcessSnapshot>(
        `SELECT process, role, metrics FROM process_metrics
          WHERE process <> $1 AND written_at > callbay_now() - $2 * interval '1 millisecond'
          ORDER BY role, process LIMIT $3`,
        [process, withinMs, PROCESSES_LIMIT],
      );
    },
  };
}
