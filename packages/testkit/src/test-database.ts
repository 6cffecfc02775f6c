import { randomBytes } from 'node:crypto';
import { createDatabase, dropDatabase } from '@callbay/embedded';
import { type Database, openDatabase } from '@callbay/postgres';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** The run's Postgres (its superuser's connection) and the migrated database to copy. */
    callbayPostgres: { connectionString: string; template: string };
  }
}

export interface TestDatabase extends AsyncDisposable {
  readonly connectionString: string;
  /** One pool on it, closed with it. */
  readonly db: Database;
  /** Closes the pool and drops the database, ending whoever else is connected. */
  drop(): Promise<void>;
}

/** The superuser's connection to the run's own Postgres, for tests of whole databases. */
export const testServerUrl = (): string => inject('callbayPostgres').connectionString;

/** A database of one test file's own: every migration applied, or with `isEmpty` none. Drop it in `afterAll`. */
export async function createTestDatabase(
  options: { isEmpty?: boolean; max?: number } = {},
): Promise<TestDatabase> {
  const { connectionString: server, template } = inject('callbayPostgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const connectionString = await createDatabase(server, name, options.isEmpty ? 'template0' : template);
  const db = openDatabase({ connectionString, max: options.max ?? 8, applicationName: 'callbay-test' });
  const drop = async (): Promise<void> => {
    await db.close();
    await dropDatabase(server, name);
  };
  return { connectionString, db, drop, [Symbol.asyncDispose]: drop };
}
