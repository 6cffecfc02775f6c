import type { Config, Logger } from '@callbay/runtime';

/** Brings the schema up to this version and sees that there is an operator's key, before any role starts. */
export async function prepareDatabase(
  connectionString: string,
  config: Pick<Config, 'operatorKeyFile'>,
  logger: Pick<Logger, 'info'>,
): Promise<void> {
  // Loaded when needed: the database client is heavy, and most commands only talk to the API.
  const { applyMigrations, ensureOperatorKey } = await import('@callbay/postgres');
  const { applied } = await applyMigrations(connectionString);
  if (applied.length > 0) logger.info({ applied }, 'migrations applied');
  await ensureOperatorKey(connectionString, config.operatorKeyFile);
}
