import { setTimeout as pause } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@callbay/embedded';
import type { Logger } from '@callbay/runtime';

/** The database that holds everything of ours on the embedded server. */
export const DATABASE_NAME = 'callbay';

export interface KeptPostgres {
  /** Of the database `callbay`. */
  readonly connectionString: string;
  /** The server's process, for whoever watches or kills it. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface KeepPostgresOptions {
  readonly home: string;
  readonly maxConnections: number;
  readonly logger: Logger;
  /** Called when the server came back somewhere else: whoever holds the old connection string must get this one. */
  readonly onMoved: (connectionString: string) => void;
  /** Called each time the server runs again. */
  readonly onRestarted?: () => void;
}

const MAX_DELAY_MS = 15_000;

/** Starts the embedded server and starts it again whenever it dies. The first start's errors are the caller's. */
export async function keepPostgres(options: KeepPostgresOptions): Promise<KeptPostgres> {
  const { home, maxConnections, logger } = options;
  const start = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ home, maxConnections });
  const stopping = new AbortController();
  let server = await start();
  const connectionString = await server.createDatabase(DATABASE_NAME);
  let current = connectionString;

  const bringBack = async (): Promise<void> => {
    for (let delayMs = 100; !stopping.signal.aborted; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
      try {
        // Frees the home of the dead server's lock.
        await server.stop();
        server = await start();
        logger.warn({ pid: server.pid }, 'the embedded Postgres is back');
        return;
      } catch (error) {
        logger.error({ err: error, delayMs }, 'the embedded Postgres does not come back; trying again');
        // Rejects only where the supervisor stops, which the loop asks next.
        await pause(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };

  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const exit = await server.exited;
      if (stopping.signal.aborted) return;
      logger.error({ ...exit, log: server.logFile }, 'the embedded Postgres died; starting it again');
      await bringBack();
      if (stopping.signal.aborted) return;
      const now = server.connectionStringFor(DATABASE_NAME);
      if (now !== current) {
        current = now;
        options.onMoved(now);
      }
      options.onRestarted?.();
    }
  };
  const watching = watch();

  return {
    get connectionString() {
      return current;
    },
    get pid() {
      return server.pid;
    },
    stop: async () => {
      stopping.abort();
      await server.stop();
      await watching;
      // When it was just being brought back, that one has to go too.
      await server.stop();
    },
  };
}
