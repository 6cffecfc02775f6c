import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createBlobStore } from '@callbay/blobs';
import { judgeInstallation, refusalOf } from '@callbay/role';
import {
  type Config,
  connectionBudget,
  explainPostgres,
  type ProcessCounts,
  readFileIfThere,
} from '@callbay/runtime';
import pg from 'pg';
import { type Finding, fail, ok, warn } from './finding.ts';
import { checkOperatorKey } from './operator-key-check.ts';
import { checkProxy } from './proxy-check.ts';
import { SILENT_SECONDS } from './role-check.ts';

const migrationsFolder = join(import.meta.dirname, '../../../../prisma/migrations');
const OLDEST_MAJOR = 15;
const MAX_SKEW_MS = 5 * 60_000;
const NOTICEABLE_SKEW_MS = 2_000;

async function checkVersion(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  const version = rows[0]?.server_version ?? '';
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return ok('database', `Postgres ${version} answers.`);
  return fail(
    'database',
    `Postgres ${version} answers, which is too old.`,
    `Use Postgres ${OLDEST_MAJOR} or later.`,
  );
}

async function checkMigrations(client: pg.Client): Promise<Finding> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true });
  const ours = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const { rows: found } = await client.query<{ name: string | null }>(
    "SELECT to_regclass('_prisma_migrations') AS name",
  );
  const applied = new Set<string>();
  if (found[0]?.name) {
    const { rows } = await client.query<{ migration_name: string }>(
      'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    for (const row of rows) applied.add(row.migration_name);
  }
  const unknown = [...applied].filter((name) => !ours.includes(name));
  if (unknown.length > 0) {
    const sentence = `The database has ${unknown.length} migration(s) that this Callbay does not know.`;
    return fail('migrations', sentence, 'Run the newer Callbay that wrote them, or restore a backup.');
  }
  const missing = ours.filter((name) => !applied.has(name));
  if (missing.length === 0) return ok('migrations', `All ${ours.length} are applied.`);
  return fail(
    'migrations',
    `${missing.length} of ${ours.length} are not applied.`,
    'Run `callbay migrate`, or start with `callbay up`.',
  );
}

/** The processes of other hosts that left their metrics lately, by role. */
async function countOthers(client: pg.Client): Promise<Partial<ProcessCounts>> {
  const { rows: found } = await client.query<{ name: string | null }>(
    "SELECT to_regclass('process_metrics') AS name",
  );
  if (!found[0]?.name) return {};
  const { rows } = await client.query<{ role: keyof ProcessCounts; count: number }>(
    `SELECT role, count(*)::int AS count FROM process_metrics
      WHERE split_part(process, ':', 1) <> $1 AND written_at > callbay_now() - make_interval(secs => $2)
      GROUP BY role`,
    [hostname(), SILENT_SECONDS],
  );
  return Object.fromEntries(rows.map(({ role, count }) => [role, count]));
}

async function checkBudget(client: pg.Client, config: Config): Promise<Finding> {
  const { rows } = await client.query<{ limit: number }>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS limit`,
  );
  const limit = rows[0]?.limit ?? 0;
  const own = connectionBudget(config);
  const budget = connectionBudget(config, await countOthers(client));
  const who = budget === own ? 'This node' : `This node and those that run beside it`;
  const sentence = `${who} may take ${budget} connections; the server has ${limit}.`;
  if (budget <= limit) return ok('connections', sentence);
  return fail(
    'connections',
    sentence,
    'Raise max_connections, lower CALLBAY_INTAKE_PROCESSES, or set REDIS_URL for the queue.',
  );
}

/** What an attacker of a role could do to the server with it. */
async function checkLogin(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ isSuper: boolean }>(
    'SELECT rolsuper AS "isSuper" FROM pg_roles WHERE rolname = current_user',
  );
  if (rows[0]?.isSuper !== true) return ok('database login', 'The roles log in without superuser rights.');
  return warn(
    'database login',
    'DATABASE_URL logs in as a superuser.',
    'Name this login in CALLBAY_DATABASE_OWNER_URL and one without rights in DATABASE_URL, then run `callbay migrate`.',
  );
}

/** Two homes on one database each take the other's bytes for lost. */
async function checkInstallation(client: pg.Client, config: Config): Promise<Finding> {
  const { rows: found } = await client.query<{ name: string | null }>(
    "SELECT to_regclass('installation') AS name",
  );
  const { rows } = found[0]?.name
    ? await client.query<{ id: string }>('SELECT id FROM installation')
    : { rows: [] };
  const blobs = createBlobStore(config);
  const { marker } = blobs;
  const store = await marker.read();
  blobs.close();
  const state = judgeInstallation({
    database: rows[0]?.id ?? null,
    home: (await readFileIfThere(config.installationFile))?.trim() || null,
    store,
  });
  const refusal = refusalOf(state, config, marker);
  if (refusal !== null) {
    const [sentence = '', fix = ''] = refusal.split(': ');
    return fail('installation', `${sentence}.`, `${fix.charAt(0).toUpperCase()}${fix.slice(1)}.`);
  }
  if (state === 'unclaimed') return ok('installation', 'The first start ties this home to its database.');
  if (state === 'same') return ok('installation', 'The stored bytes are those of this database.');
  return fail(
    'installation',
    `No stored bytes are in ${marker.place}.`,
    'Mount the disk that holds them, or see that the bucket can be reached.',
  );
}

/** The 7-day purge and the 48 h window stand on these two clocks agreeing. */
async function checkClocks(client: pg.Client): Promise<Finding> {
  const sentAt = Date.now();
  const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const skewMs = Math.round((rows[0]?.now.getTime() ?? 0) - (sentAt + Date.now()) / 2);
  const sentence = `This host and Postgres are ${Math.abs(skewMs)} ms apart.`;
  const fix = 'Let NTP keep both clocks.';
  if (Math.abs(skewMs) > MAX_SKEW_MS)
    return fail('clocks', `${sentence} Purging stands still until they agree.`, fix);
  return Math.abs(skewMs) > NOTICEABLE_SKEW_MS ? warn('clocks', sentence, fix) : ok('clocks', sentence);
}

/** Everything that needs a connection to the database; one finding when there is none. */
export async function checkDatabase(config: Config, connectionString: string): Promise<Finding[]> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 5_000,
    application_name: 'callbay-doctor',
  });
  // A connection that breaks rejects the running query too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const migrations = await checkMigrations(client);
    return [
      await checkVersion(client),
      migrations,
      await checkBudget(client, config),
      await checkClocks(client),
      await checkInstallation(client, config),
      // The embedded server is asked as its superuser here, and by the roles as another.
      ...(config.databaseUrl === null ? [] : [await checkLogin(client)]),
      ...(migrations.status === 'ok'
        ? [await checkProxy(client, config), await checkOperatorKey(client, config)]
        : []),
    ];
  } catch (error) {
    const why = (error as { code?: string }).code ?? (error as Error).message;
    const explained = config.databaseUrl === null ? null : explainPostgres(config.databaseUrl, error);
    return [
      fail(
        'database',
        explained === null ? `Postgres does not answer (${why}).` : `${explained.message}.`,
        'Check DATABASE_URL, and that the server runs and lets this host in.',
      ),
    ];
  } finally {
    await client.end();
  }
}
