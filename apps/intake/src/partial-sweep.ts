import type { Logger } from '@callbay/runtime';
import { sweepPartials } from '@callbay/sources';

const EVERY_MS = 60 * 60 * 1000;
/** Source: C5, for uploads that were begun and never finished. */
const OLDER_THAN_MS = 7 * 24 * 60 * 60 * 1000;

/** Removes this node's abandoned uploads, now and every hour. */
export function startPartialSweep(spoolDir: string, logger: Logger): { stop(): Promise<void> } {
  let running = Promise.resolve();
  const sweep = (): void => {
    running = (async () => {
      try {
        const removed = await sweepPartials({ spoolDir, olderThanMs: OLDER_THAN_MS, nowMs: Date.now() });
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
