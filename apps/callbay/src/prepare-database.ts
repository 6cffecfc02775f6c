import type { Config } from '@callbay/runtime';
import { operatorKeyFile } from './operator-key-file.ts';

/**
 * Brings the schema up to this version and sees that there is an operator's key, before any role starts. Answers the
 * migrations it applied.
 */
export async function prepareDatabase(
  connectionString: string,
  config: Pick<Config, 'operatorKeyFile'>,
): Promise<readonly string[]> {
  // Loaded when needed: the database client is heavy, and most commands only talk to the API.
  const { applyMigrations, ensureOperatorKey } = await import('@callbay/postgres');
  const { applied } = await applyMigrations(connectionString);
  await ensureOperatorKey(connectionString, operatorKeyFile(config.operatorKeyFile));
  return applied;
}
