import type { InstalledBlobStore } from '@callbay/blobs';
import type { Database } from '@callbay/postgres';
import type { CallbayQueue } from '@callbay/queue';

/** Whether each thing that we need can be written to just now: each rejects where it cannot. */
export interface Probes {
  readonly database: () => Promise<unknown>;
  readonly queue: () => Promise<unknown>;
  readonly store: () => Promise<unknown>;
}

/** Anybody may ask whether we are ready, and each answer costs a few writes. */
const ANSWER_LIFE_MS = 1_000;

/** Runs `probe` once for all who ask within a second of its beginning. */
function shareAnswer(probe: () => Promise<unknown>): () => Promise<unknown> {
  let last: { readonly startedMs: number; readonly answer: Promise<unknown> } | null = null;
  return () => {
    const nowMs = performance.now();
    if (last === null || nowMs - last.startedMs >= ANSWER_LIFE_MS) {
      last = { startedMs: nowMs, answer: probe() };
      // Whoever asked hears of it; without one who did it would end the process.
      last.answer.catch(() => undefined);
    }
    return last.answer;
  };
}

/**
 * Services that are full or read-only still answer questions, so that these probes write: a row that stays as it is, a
 * field of the queue, a small file or object beside the stored bytes.
 */
export const createProbes = (
  db: Database,
  queue: CallbayQueue,
  blobs: Pick<InstalledBlobStore, 'probeWrite'>,
): Probes => ({
  database: shareAnswer(() => db.execute('UPDATE installation SET created_at = created_at')),
  queue: shareAnswer(() => queue.checkHealth()),
  store: shareAnswer(() => blobs.probeWrite()),
});
