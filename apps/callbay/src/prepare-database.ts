import type { Config, Logger } from '@callbay/runtime';
import { operatorKeyFile } from './operator-key-file.ts';

/**
 * Brings the schema up to this version, and sees that the home is this database's and holds an operator's key, before
 * any role starts. Resolves to the migrations it applied. Throws a ConfigError for the home of another database.
 */
export async function prepareDatabase(
  connectionString: string,
  config: Pick<Config, 'home' | 'blobsFolder' | 'installationFile' | 'operatorKeyFile'>,
  logger: Pick<Logger, 'error'>,
): Promise<readonly string[]> {
  // Loaded when needed: the database client is heavy, and most commands only talk to the API.
  const { applyMigrations, ensureOperatorKey, openDatabase } = await import('@callbay/postgres');
  const { joinInstallation } = await import('@callbay/role');
  const { applied } = await applyMigrations(connectionString);
  await using db = openDatabase({ connectionString, max: 1, applicationName: 'callbay-prepare' });
  await joinInstallation(db, config, logger);
  await ensureOperatorKey(connectionString, operatorKeyFile(config.operatorKeyFile));
  return applied;
}
