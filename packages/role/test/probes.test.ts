import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore, markStore } from '@callbay/blobs';
import { claimInstallationId, openDatabase } from '@callbay/postgres';
import { createJobQueue } from '@callbay/queue';
import { createTestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createProbes, type Probes } from '../src/probes.ts';

let folder: string;
let isMounted = false;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbay-probes-'));
  isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
});
afterAll(async () => {
  if (isMounted) spawnSync('umount', [folder]);
  await rm(folder, { recursive: true, force: true });
});

interface Subject {
  readonly probes: Probes;
  /** Runs one statement as the server's superuser. */
  run(sql: string): Promise<void>;
  readonly database: string;
}

async function makeSubject(): Promise<Subject> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const { connectionString } = database;
  const [row] = await database.db.query<{ name: string }>('SELECT current_database() AS name');
  await claimInstallationId(database.db, '00000000-0000-4000-8000-000000000001');
  // Each answer is asked of a connection that knows the settings of now.
  const db = openDatabase({ connectionString, max: 1, applicationName: 'probes' });
  const queue = await createJobQueue({ connectionString }, () => {});
  onTestFinished(async () => {
    await queue.close();
    await db.close();
  });
  await markStore(folder, async () => false);
  const blobs = createDiskBlobStore({ root: folder, requiresMarker: true });
  return {
    probes: createProbes(db, queue, blobs),
    database: row!.name,
    run: async (sql) => void (await database.db.execute(sql)),
  };
}

/** Answers are shared for a second, by a clock that no test waits for. */
function pass(ms: number): void {
  const now = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(now + ms);
}

test('everything can be written to, and nothing is left behind', async () => {
  const { probes } = await makeSubject();
  await Promise.all(Object.values(probes).map((probe) => probe()));
  expect(await readdir(folder)).toEqual(['.callbay-store']);
});

test('a full disk is not ready, and is again when there is room (needs the right to mount)', async (context) => {
  if (!isMounted) return context.skip('a tmpfs cannot be mounted here');
  const { probes } = await makeSubject();
  const ballast = join(folder, 'ballast');
  await writeFile(ballast, Buffer.alloc(2 ** 20)).catch(() => undefined);
  await expect(probes.store()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  await rm(ballast);
  pass(1_000);
  await probes.store();
});

test('a database that is read-only is not ready', async () => {
  const { probes, run, database } = await makeSubject();
  await run(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
  await expect(probes.database()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('many who ask at once cost one write', async () => {
  const { probes } = await makeSubject();
  expect(new Set(Array.from({ length: 50 }, () => probes.store())).size).toBe(1);
  const before = probes.store();
  await before;
  pass(1_000);
  expect(probes.store()).not.toBe(before);
});
