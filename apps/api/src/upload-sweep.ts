import type { Logger } from '@callbay/runtime';
import { readYoungestClock, sweepUploads } from '@callbay/sources';

const EVERY_MS = 60 * 60 * 1000;
/** Source: C5, for uploads that were begun and never finished. */
const OLDER_THAN_MS = 7 * 24 * 60 * 60 * 1000;

export interface UploadSweepDeps {
  readonly spoolDir: string;
  readonly readDatabaseClock: () => Promise<Date>;
  readonly logger: Logger;
}

/** Removes this node's abandoned uploads over HTTP, now and every hour. */
export function startUploadSweep(deps: UploadSweepDeps): { stop(): Promise<void> } {
  const { spoolDir, logger } = deps;
  let running = Promise.resolve();
  const sweep = (): void => {
    running = (async () => {
      try {
        const databaseNow = await deps.readDatabaseClock();
        const now = await readYoungestClock({ spoolDir, hostNow: new Date(), databaseNow });
        const removed = await sweepUploads({ spoolDir, olderThanMs: OLDER_THAN_MS, nowMs: now.getTime() });
        logger.debug({ removed }, 'abandoned uploads swept');
      } catch (err) {
        logger.error({ err }, 'abandoned uploads could not be swept');
      }
    })();
  };
  sweep();
  const timer = setInterval(sweep, EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
