import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, dropDatabase, startEmbeddedPostgres } from '@callbay/embedded';
import { applyMigrations } from '@callbay/postgres';
import type { TestProject } from 'vitest/node';
import { stopRgwIn } from './start-rgw.ts';

const TEMPLATE = `callbay_template_${process.pid}`;

interface Server {
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** The server that CALLBAY_TEST_DATABASE_URL names, else one of our own that leaves nothing behind. */
async function startServer(): Promise<Server> {
  const given = process.env.CALLBAY_TEST_DATABASE_URL;
  if (given) return { connectionString: given, stop: () => dropDatabase(given, TEMPLATE) };
  const home = await mkdtemp(join(tmpdir(), 'callbay-test-'));
  const server = await startEmbeddedPostgres({ home, isThrowaway: true, maxConnections: 400 });
  return {
    connectionString: server.connectionString,
    stop: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Boots one Postgres for the whole run and migrates the template that every test database is a copy of. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  try {
    await applyMigrations(await createDatabase(server.connectionString, TEMPLATE));
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide('callbayPostgres', { connectionString: server.connectionString, template: TEMPLATE });
  // Started by the first test that needs it.
  const folder = await mkdtemp(join(tmpdir(), 'callbay-rgw-'));
  project.provide('callbayRgw', { folder });
  return async () => {
    await stopRgwIn(folder);
    await server.stop();
  };
}
