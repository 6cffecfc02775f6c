import { findRunningPostgres } from '@callbay/embedded';
import type { Config } from '@callbay/runtime';
import { databaseName } from '../supervisor/postgres.ts';
import { checkDatabase } from './database-checks.ts';
import { type Finding, warn } from './finding.ts';
import { checkAddon, checkHome, checkNode, checkPorts, checkSecretFiles } from './machine-checks.ts';
import { checkRedis } from './redis-check.ts';

async function checkAnyDatabase(config: Config): Promise<Finding[]> {
  const url = config.databaseUrl ?? (await findRunningPostgres(config.home, databaseName));
  if (url) return checkDatabase(config, url);
  return [
    warn(
      'database',
      'The embedded Postgres is not running, so nothing in it was checked.',
      'Start it with `callbay up`.',
    ),
  ];
}

/** Looks at everything this node stands on, changing nothing. */
export async function runChecks(config: Config): Promise<readonly Finding[]> {
  return [
    checkNode(),
    checkAddon(),
    ...(await checkHome(config)),
    await checkSecretFiles(config),
    ...(await checkPorts(config)),
    ...(await checkAnyDatabase(config)),
    ...(config.redisUrl ? [await checkRedis(config.redisUrl)] : []),
  ];
}
