import pg from 'pg';

const withPath = (connectionString: string, database: string): string => {
  const url = new URL(connectionString);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
};

async function runAsAdmin(connectionString: string, sql: string): Promise<void> {
  // A database cannot be made or dropped from inside itself.
  const client = new pg.Client({ connectionString: withPath(connectionString, 'postgres') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The same server and login, another database. */
export const connectionStringFor = withPath;

/**
 * Makes database `name`, as a copy of `template` when given, and answers its connection string. A template must
 * have no open connections. An existing database is left as it is when `template` is not given.
 */
export async function createDatabase(
  connectionString: string,
  name: string,
  template?: string,
): Promise<string> {
  const quoted = pg.escapeIdentifier(name);
  const from = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)}`;
  try {
    await runAsAdmin(connectionString, `CREATE DATABASE ${quoted}${from}`);
  } catch (error) {
    const isDuplicate = (error as { code?: string }).code === '42P04';
    if (!isDuplicate || template !== undefined) throw error;
  }
  return withPath(connectionString, name);
}

/** Drops a database, ending whoever is connected to it. Dropping what is not there is fine. */
export async function dropDatabase(connectionString: string, name: string): Promise<void> {
  await runAsAdmin(connectionString, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
}
