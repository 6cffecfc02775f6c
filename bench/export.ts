// A tenant with BENCH_CALLS calls (1,000,000), read through the HTTP export in pages of 10,000: CSV and NDJSON, in turn with
// the peer, psql's `\copy` of the same columns of the same calls. Both write files: ours are written by curl, over one
// connection. Rates are rows/s; the peak of the serving process's memory is printed, with that before.
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore } from '@callbay/blobs';
import { EXPORT_COLUMNS } from '@callbay/core';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { createHttpApi } from '@callbay/http';
import { createSampler, makeApiKey } from '@callbay/ingestion';
import { applyMigrations, createApiStores, createDropView, Database, insertTenant } from '@callbay/postgres';
import { KafkaTarget } from '@callbay/targets';
import { openUploadDoor } from '@callbay/testkit';
import { csvSelect } from '../packages/postgres/src/exports/export-columns-sql.ts';
import { type BenchResult, compareRates } from './result.ts';
import { loadCalls } from './search-load.ts';

const CALLS = Number(process.env.BENCH_CALLS ?? 1_000_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const PER_PAGE = 10_000;
const TENANT = 'bench';

/** Seconds that a command takes, its output in `file`. */
async function secondsOf(command: string, args: readonly string[], file: string): Promise<number> {
  const out = await open(file, 'w');
  const startedMs = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', out.fd, 'inherit'] });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  const seconds = (performance.now() - startedMs) / 1000;
  await out.close();
  return seconds;
}

async function countLines(file: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}

/** Rows/s of a whole walk; throws where a call is missing. */
async function walk(url: string, key: string, format: 'csv' | 'ndjson', file: string): Promise<number> {
  const after = `[0-${CALLS - 1}:${PER_PAGE}]`;
  const query = `format=${format}&consecutive=true&per_page=${PER_PAGE}&afterCallId=${after}`;
  const args = ['-sSf', '-H', `authorization: Bearer ${key}`, `${url}/v1/sa/call?${query}`];
  const seconds = await secondsOf('curl', args, file);
  const headers = format === 'csv' ? Math.ceil(CALLS / PER_PAGE) : 0;
  const calls = (await countLines(file)) - headers;
  if (calls !== CALLS) throw new Error(`${calls} of ${CALLS} calls were exported`);
  return CALLS / seconds;
}

/** Rows/s of psql. */
async function copyByPsql(connectionString: string, file: string): Promise<number> {
  const select = `SELECT ${csvSelect(EXPORT_COLUMNS)} FROM calls WHERE tenant_id = '${TENANT}' AND status = 'surfaced' ORDER BY call_id`;
  const args = [connectionString, '-qc', `\\copy (${select}) TO STDOUT CSV HEADER`];
  return CALLS / (await secondsOf('psql', args, file));
}

const megabytes = (): number => Math.round(process.memoryUsage.rss() / 1024 / 1024);

export async function run(): Promise<readonly BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-bench-export-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({ home: folder, isThrowaway: true });
  stack.defer(() => server.stop());
  const connectionString = await server.createDatabase('bench');
  const db = stack.use(new Database({ connectionString, max: 8, applicationName: 'bench' }));
  await applyMigrations(connectionString);
  await insertTenant(db, { id: TENANT, name: 'Bench', stage: 'live', timeZone: 'UTC', insertedBy: 'bench' });
  await loadCalls(db, TENANT, CALLS);
  await db.execute('ANALYZE calls');
  const stores = createApiStores(db, { seal: (text) => text, unseal: (sealed) => sealed });
  const sampler = stack.use(createSampler({ processes: 1 }));
  const blobs = createDiskBlobStore({ root: join(folder, 'blobs') });
  const queue = { wakeReaders: async () => {}, wakeManyReaders: async () => {} };
  const api = await createHttpApi(
    {
      ...stores,
      blobs,
      queue,
      uploads: openUploadDoor({ db, blobs, queue, spoolDir: join(folder, 'spool') }),
      view: createDropView(db),
      feedTarget: stack.use(new KafkaTarget({ rules: { allow: [] } })),
      sampler,
      checks: {},
      metrics: { contentType: 'text/plain', text: async () => '' },
    },
    { tokenKey: new Uint8Array(32), sftp: { host: '127.0.0.1', port: 22 } },
  );
  stack.defer(() => api.close());
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  const { id, key, digest } = makeApiKey();
  const credential = {
    id,
    form: 'key',
    role: 'tenant',
    tenantIds: [TENANT],
    label: 'bench',
    digest,
  } as const;
  await stores.keys.createCredential(
    { ...credential, expires: { at: null } },
    { name: 'bench', remoteAddress: null },
  );

  const rates = { csv: [] as number[], ndjson: [] as number[], copy: [] as number[] };
  const file = join(folder, 'out');
  const before = megabytes();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, megabytes());
  }, 50);
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.copy.push(await copyByPsql(connectionString, file));
    rates.csv.push(await walk(url, key, 'csv', file));
    rates.ndjson.push(await walk(url, key, 'ndjson', file));
  }
  clearInterval(watch);
  process.stdout.write(`memory of the serving process: ${before} MiB before, ${peak} MiB at its peak\n`);
  const unit = `rows/s (peer: psql's \\copy of the same columns)`;
  return [
    compareRates('export-ndjson', unit, rates.ndjson, rates.copy),
    compareRates('export', unit, rates.csv, rates.copy),
  ];
}
