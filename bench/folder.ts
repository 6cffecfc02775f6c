// 100,000 files that appear in a folder at once: all must be received, each once, and what a scan costs while they all rest
// there. The peers: the same files copied and synced one by one as the disk allows, without rows, claims or blobs; and GNU find
// reading the same facts of every file.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore } from '@callbay/blobs';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { applyMigrations, Database } from '@callbay/postgres';
import { makeTenant, openFolder } from '@callbay/testkit';
import { type BenchResult, compareRates } from './result.ts';

const FILES = Number(process.env.BENCH_FILES ?? 100_000);
const AT_ONCE = 64;
const BYTES = Buffer.alloc(2_048, 7);
const SCANS = 3;

const since = (startedAt: number): number => (performance.now() - startedAt) / 1_000;

async function each(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Files a second that the disk takes, each synced. */
async function measureDisk(folder: string): Promise<number> {
  await mkdir(folder);
  const count = Math.min(FILES, 10_000);
  const startedAt = performance.now();
  await each(count, async (n) => {
    await using file = await open(join(folder, `${n}.wav`), 'w');
    await file.writeFile(BYTES);
    await file.datasync();
  });
  return count / since(startedAt);
}

export async function run(): Promise<BenchResult[]> {
  await using stack = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'callbay-bench-folder-'));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({ home, isThrowaway: true });
  stack.defer(() => server.stop());
  const connectionString = await server.createDatabase('bench');
  await applyMigrations(connectionString);
  const db = stack.use(new Database({ connectionString, max: 10, applicationName: 'bench' }));
  const queue = { wakeReaders: async () => {}, wakeManyReaders: async () => {} };
  const blobs = createDiskBlobStore({ root: join(home, 'blobs') });
  const where = { db, blobs, spoolDir: join(home, 'spool'), deps: { queue } };
  const folder = stack.use(await openFolder(where, await makeTenant(db)));

  await each(FILES, (n) => writeFile(folder.data(`${n}.wav`), BYTES));
  const startedAt = performance.now();
  await folder.scan();
  folder.wait(10_000);
  for (let isBusy = true; isBusy; ) ({ isBusy } = await folder.scan());
  const seconds = since(startedAt);
  const [row] = await db.query<{ files: number; names: number }>(
    'SELECT count(*) AS files, count(DISTINCT name) AS names FROM files',
  );
  if (row?.files !== FILES || row.names !== FILES)
    throw new Error(`${FILES} files were left, ${row?.files} rows of ${row?.names} names came of them`);
  process.stderr.write(`${FILES} files received in ${seconds.toFixed(1)} s, each once\n`);

  const [scans, finds]: [number[], number[]] = [[], []];
  for (let n = 0; n < SCANS; n += 1) {
    const scanAt = performance.now();
    await folder.scan();
    scans.push(FILES / since(scanAt));
    const findAt = performance.now();
    const format = '%f %i %s %T@ %C@ %n\\n';
    execFileSync('find', [join(folder.home, 'data'), '-printf', format], { maxBuffer: 2 ** 30 });
    finds.push(FILES / since(findAt));
  }
  const rss = process.memoryUsage().rss / 2 ** 20;
  process.stderr.write(
    `scans of ${FILES} resting files: ${scans.map((rate) => (FILES / rate).toFixed(2))} s, ${rss.toFixed(0)} MiB\n`,
  );
  const disk = await measureDisk(join(home, 'disk'));
  return [
    compareRates('folder-scan', 'files/s', scans, finds),
    compareRates('folder', 'files/s', [FILES / seconds], [disk]),
  ];
}
