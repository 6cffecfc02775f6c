import { createHmac } from 'node:crypto';
import type { BlobsConfig } from '@callbay/blobs';
import type { DatabaseLogin } from '@callbay/postgres';
import { type Config, type Logger, readFileIfThere } from '@callbay/runtime';
import { operatorKeyFile } from './operator-key-file.ts';

const EMBEDDED_USER = 'callbay_app';

/**
 * The roles' login on the embedded server. Its password follows from the owner's and does not lead back to it, so that it
 * stays the same when a migration or another start finds roles that still run.
 */
function embeddedLogin(ownerConnectionString: string): DatabaseLogin {
  const { password } = new URL(ownerConnectionString);
  if (password === '') throw new Error('the owner of the embedded database has no password');
  const secret = createHmac('sha256', password).update(EMBEDDED_USER).digest('base64url');
  return { user: EMBEDDED_USER, password: secret };
}

export interface PreparedDatabase {
  /** Migrations that were applied. */
  readonly applied: readonly string[];
  /** What the roles log in with; null: as their DATABASE_URL says. */
  readonly login: DatabaseLogin | null;
}

type PrepareConfig = Pick<
  Config,
  'home' | 'installationFile' | 'operatorKeyFile' | 'databaseUrl' | 'databaseOwnerUrl'
> &
  BlobsConfig;

function loginOf(url: string): DatabaseLogin {
  const { username, password } = new URL(url);
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/**
 * Brings the schema up to this version as the owner of the database, and sees that the roles may use it, that the home
 * is this database's, and that it holds an operator's key, before any role starts. Throws a ConfigError for the home of
 * another database.
 */
export async function prepareDatabase(
  ownerConnectionString: string,
  config: PrepareConfig,
  logger: Pick<Logger, 'error'>,
): Promise<PreparedDatabase> {
  // Loaded when needed: the database client is heavy, and most commands only talk to the API.
  const { applyMigrations, ensureOperatorKey, grantAppLogin, openDatabase } = await import(
    '@callbay/postgres'
  );
  const { joinInstallation } = await import('@callbay/role');
  const { createBlobStore } = await import('@callbay/blobs');
  const { applied } = await applyMigrations(ownerConnectionString);
  await using db = openDatabase({
    connectionString: ownerConnectionString,
    max: 1,
    applicationName: 'callbay-prepare',
  });
  const isNewHome = (await readFileIfThere(config.installationFile)) === null;
  const blobs = createBlobStore(config);
  await joinInstallation(db, config, blobs.marker, logger).finally(() => blobs.close());
  await ensureOperatorKey(ownerConnectionString, operatorKeyFile(config.operatorKeyFile), { isNewHome });
  if (config.databaseUrl === null) {
    const login = embeddedLogin(ownerConnectionString);
    await grantAppLogin(ownerConnectionString, login, { owns: true });
    return { applied, login };
  }
  if (config.databaseOwnerUrl !== null)
    await grantAppLogin(ownerConnectionString, loginOf(config.databaseUrl), { owns: false });
  return { applied, login: null };
}
