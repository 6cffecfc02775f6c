import { EmbeddedPostgresError, findRunningPostgres, inspectCluster } from '@callbay/embedded';
import type { Config } from '@callbay/runtime';
import { DATABASE_NAME } from '../supervisor/postgres.ts';
import { checkBucket } from './bucket-check.ts';
import { checkDatabase } from './database-checks.ts';
import { checkDescriptors } from './descriptor-check.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { checkAddon, checkHome, checkNode, checkPorts, checkSecretFiles } from './machine-checks.ts';
import { checkRedis } from './redis-check.ts';
import { checkRole } from './role-check.ts';
import { checkTls } from './tls-check.ts';

/** Whether the embedded server's own files are whole; a server that runs has read them already. */
async function checkCluster(home: string): Promise<Finding> {
  try {
    const state = await inspectCluster(home);
    if (state === 'absent') return ok('embedded postgres', 'The first start will make it.');
    if (state === 'whole') return ok('embedded postgres', 'Its files are whole.');
    const sentence =
      state === 'place lost' ? 'The file that names its data is lost.' : 'Its password is lost.';
    return fail('embedded postgres', sentence, 'Stop Callbay and run `callbay doctor --fix`.');
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError)) throw error;
    return fail('embedded postgres', `${error.message}.`, 'Run Callbay as the user who made it.');
  }
}

async function checkAnyDatabase(config: Config): Promise<Finding[]> {
  const cluster = config.databaseUrl ? [] : [await checkCluster(config.home)];
  if (cluster.some(({ status }) => status === 'fail')) return cluster;
  return [...cluster, ...(await checkServer(config))];
}

async function checkServer(config: Config): Promise<Finding[]> {
  const url = config.databaseUrl ?? (await findRunningPostgres(config.home, DATABASE_NAME));
  if (url) return checkDatabase(config, url);
  return [
    warn(
      'database',
      'The embedded Postgres is not running, so nothing in it was checked.',
      'Start it with `callbay up`.',
    ),
  ];
}

/** Whether one role works on this host, for a container's health check. */
export async function runRoleCheck(config: Config, role: string): Promise<readonly Finding[]> {
  const url = config.databaseUrl ?? (await findRunningPostgres(config.home, DATABASE_NAME));
  if (url) return [await checkRole(config, url, role)];
  return [fail(role, 'The embedded Postgres is not running.', 'Start it with `callbay up`.')];
}

/** Looks at everything this node stands on, changing nothing. */
export async function runChecks(config: Config): Promise<readonly Finding[]> {
  return [
    checkNode(),
    checkAddon(),
    ...(await checkHome(config)),
    await checkDescriptors(),
    await checkSecretFiles(config),
    ...checkTls(config),
    ...(await checkPorts(config)),
    ...(await checkAnyDatabase(config)),
    ...(config.blobs === null ? [] : [await checkBucket(config)]),
    ...(config.redisUrl ? [await checkRedis(config.redisUrl)] : []),
  ];
}
