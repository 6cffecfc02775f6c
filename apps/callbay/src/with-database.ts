import { findRunningPostgres, startEmbeddedPostgres } from '@callbay/embedded';
import type { Config } from '@callbay/runtime';
import { DATABASE_NAME } from './supervisor/postgres.ts';

/**
 * Runs `work` on the configured database: DATABASE_URL, the embedded server that runs already, or one started for the
 * time being.
 */
export async function withDatabase<T>(
  config: Pick<Config, 'databaseUrl' | 'home'>,
  work: (connectionString: string) => Promise<T>,
): Promise<T> {
  if (config.databaseUrl) return work(config.databaseUrl);
  const running = await findRunningPostgres(config.home, DATABASE_NAME);
  if (running) return work(running);
  const server = await startEmbeddedPostgres({ home: config.home });
  try {
    return await work(await server.createDatabase(DATABASE_NAME));
  } finally {
    await server.stop();
  }
}
