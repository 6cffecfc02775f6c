import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { CallbayError } from '@callbay/core';
import pg from 'pg';
import { translatePgError } from './pg-errors.ts';

/** A login of the database server. */
export interface DatabaseLogin {
  readonly user: string;
  readonly password: string;
}

const SCRAM_ITERATIONS = 4_096;

/** As the server stores a password, so that the password itself is in no statement and in no log. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${stored}:${serverKey}`;
}

/** ANALYZE of others' tables is a right of its own since this version; before, it is left to the server. */
const MAINTAIN_SINCE = 170_000;
const QUEUE_SCHEMA = 'callbay_queue';
const LOCK = "SELECT pg_advisory_xact_lock(hashtext('callbay.app-login'))";

const NO_PRIVILEGE = '42501';

async function createRole(client: pg.Client, user: string, statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (error) {
    if ((error as { code?: string }).code !== NO_PRIVILEGE) throw error;
    const message = `The login ${user} does not exist, and the owner of the database may not create it: create it by hand.`;
    throw new CallbayError('CONFLICT', message, { cause: error });
  }
}

async function ensureRole(
  client: pg.Client,
  { user, password }: DatabaseLogin,
  owns: boolean,
): Promise<void> {
  const name = pg.escapeIdentifier(user);
  const secret = pg.escapeLiteral(scramVerifier(password));
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
  if (rowCount === 0)
    await createRole(
      client,
      user,
      `CREATE ROLE ${name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${secret}`,
    );
  else if (owns) await client.query(`ALTER ROLE ${name} LOGIN NOSUPERUSER PASSWORD ${secret}`);
}

/** The queue makes its tables by itself, as their owner. What it holds may be lost: sweeps make it again. */
async function leaveQueueTo(client: pg.Client, user: string): Promise<void> {
  const { rows } = await client.query<{ owner: string }>(
    'SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = $1',
    [QUEUE_SCHEMA],
  );
  if (rows[0] !== undefined && rows[0].owner !== user)
    await client.query(`DROP SCHEMA ${QUEUE_SCHEMA} CASCADE`);
}

async function grantAll(client: pg.Client, user: string): Promise<void> {
  const { rows } = await client.query<{ version: number; database: string; schema: string }>(
    `SELECT current_setting('server_version_num')::int AS version, current_database() AS database,
            current_schema() AS schema`,
  );
  const { version = 0, database = '', schema = '' } = rows[0] ?? {};
  const [name, own] = [pg.escapeIdentifier(user), pg.escapeIdentifier(schema)];
  const onTables = `SELECT, INSERT, UPDATE, DELETE${version >= MAINTAIN_SINCE ? ', MAINTAIN' : ''}`;
  await client.query(`
    GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${pg.escapeIdentifier(database)} TO ${name};
    GRANT USAGE ON SCHEMA ${own} TO ${name};
    GRANT ${onTables} ON ALL TABLES IN SCHEMA ${own} TO ${name};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${own} TO ${name};
    REVOKE INSERT, UPDATE, DELETE ON _prisma_migrations FROM ${name}`);
}

/**
 * Lets a login do what the roles do, and no more: read and write rows, but change no table and no other login. It is
 * made where it is missing; with `owns` it also gets this password. Called by the owner of the database after each
 * migration. Doing it twice changes nothing. Throws a CallbayError.
 */
export async function grantAppLogin(
  ownerConnectionString: string,
  login: DatabaseLogin,
  { owns }: { owns: boolean },
): Promise<void> {
  const client = new pg.Client({
    connectionString: ownerConnectionString,
    application_name: 'callbay-migrate',
    connectionTimeoutMillis: 5_000,
  });
  // A connection that breaks rejects the running query too: this only keeps the process alive to see it.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query(LOCK);
    await ensureRole(client, login, owns);
    await leaveQueueTo(client, login.user);
    await grantAll(client, login.user);
    await client.query('COMMIT');
  } catch (error) {
    throw error instanceof CallbayError ? error : translatePgError(error);
  } finally {
    // Rolls back what was not committed.
    await client.end();
  }
}
