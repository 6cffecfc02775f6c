import type { PipelineLog } from '../ports.ts';
import type { SweepStore, WatchedSweep } from './ports.ts';
import { UNREAD_AFTER_MS } from './sweep.ts';

export interface WatchDeps {
  readonly sweeps: Pick<SweepStore, 'findWaiting'>;
  readonly log: PipelineLog;
}

export interface Watch {
  /** Asks within a second. Cheap: to be called after every job. */
  stir(): void;
  /** Resolves when the sweeps have ended that it runs. */
  stop(): Promise<void>;
}

const EVERY_MS = 1_000;
/** Where nothing happens, due times and what another process left are found this late. */
const IDLE_MS = 4_000;

/**
 * Asks in one question which sweeps have work, and runs only those: every second while there is some, and less often where
 * nothing is found and nothing stirs. An idle installation pays for the question alone, whatever its number of tenants.
 */
export function startWatch(deps: WatchDeps, run: (name: WatchedSweep) => Promise<void>): Watch {
  const running = new Map<WatchedSweep, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = EVERY_MS;
  let asking = Promise.resolve();
  let isStirred = true;
  let isStopped = false;

  const askOnce = async (): Promise<number> => {
    try {
      const found = await deps.sweeps.findWaiting(UNREAD_AFTER_MS);
      for (const name of found) {
        if (isStopped || running.has(name)) continue;
        running.set(
          name,
          run(name).finally(() => running.delete(name)),
        );
      }
      return found.length;
    } catch (error) {
      deps.log.error({ err: error }, 'what waits for a sweep could not be asked; it is asked again');
      return 1;
    }
  };
  const ask = async (): Promise<void> => {
    timer = undefined;
    isStirred = false;
    const found = await askOnce();
    pauseMs = found > 0 || isStirred ? EVERY_MS : Math.min(pauseMs * 2, IDLE_MS);
    if (!isStopped) timer = setTimeout(start, pauseMs);
  };
  const start = (): void => {
    asking = ask();
  };
  start();
  return {
    stir() {
      if (isStirred || isStopped) return;
      isStirred = true;
      if (timer === undefined || pauseMs === EVERY_MS) return;
      clearTimeout(timer);
      pauseMs = EVERY_MS;
      timer = setTimeout(start, EVERY_MS);
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await asking;
      await Promise.all(running.values());
    },
  };
}
