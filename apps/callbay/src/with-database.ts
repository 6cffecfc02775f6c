import { findRunningPostgres, startEmbeddedPostgres } from '@callbay/embedded';
import { type Config, explainPostgres } from '@callbay/runtime';
import { DATABASE_NAME } from './supervisor/postgres.ts';

/**
 * Runs `work` as the owner of the configured database: an external one, the embedded server that runs already, or one started for the
 * time being.
 */
export async function withDatabase<T>(
  config: Pick<Config, 'databaseUrl' | 'databaseOwnerUrl' | 'home'>,
  work: (connectionString: string) => Promise<T>,
): Promise<T> {
  const external = config.databaseOwnerUrl ?? config.databaseUrl;
  if (external !== null) {
    return work(external).catch((error: unknown) => {
      throw explainPostgres(external, error) ?? error;
    });
  }
  const running = await findRunningPostgres(config.home, DATABASE_NAME);
  if (running) return work(running);
  const server = await startEmbeddedPostgres({ home: config.home });
  try {
    return await work(await server.createDatabase(DATABASE_NAME));
  } finally {
    await server.stop();
  }
}
