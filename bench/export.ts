// A tenant with BENCH_CALLS calls (1,000,000), read through the HTTP export in pages of 10,000: CSV and NDJSON, in turn with
// the peer, psql's `\copy` of the same columns of the same calls. Rates are rows/s; the peak of the serving process's memory
// is printed, with that before.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore } from '@callbay/blobs';
import { EXPORT_COLUMNS } from '@callbay/core';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { createHttpApi } from '@callbay/http';
import { createSampler, makeApiKey } from '@callbay/ingestion';
import { applyMigrations, createApiStores, Database, insertTenant } from '@callbay/postgres';
import { csvSelect } from '../packages/postgres/src/exports/export-columns-sql.ts';
import { type BenchResult, compareRates } from './result.ts';
import { loadCalls } from './search-load.ts';

const CALLS = Number(process.env.BENCH_CALLS ?? 1_000_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const PER_PAGE = 10_000;
const TENANT = 'bench';

/** Rows/s of a whole walk; throws where a call is missing. */
async function walk(url: string, key: string, format: 'csv' | 'ndjson'): Promise<number> {
  const startedMs = performance.now();
  let lines = 0;
  for (let after = 0; after < CALLS; after += PER_PAGE) {
    const response = await fetch(
      `${url}/v1/sa/call?format=${format}&consecutive=true&per_page=${PER_PAGE}&afterCallId=${after}`,
      { headers: { authorization: `Bearer ${key}`, 'accept-encoding': 'identity' } },
    );
    if (!response.ok) throw new Error(`the export answered ${response.status}: ${await response.text()}`);
    for await (const chunk of response.body ?? []) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    }
  }
  const headers = format === 'csv' ? Math.ceil(CALLS / PER_PAGE) : 0;
  if (lines - headers !== CALLS) throw new Error(`${lines - headers} of ${CALLS} calls were exported`);
  return CALLS / ((performance.now() - startedMs) / 1000);
}

/** Rows/s of psql, which writes to a file that is thrown away. */
async function copyByPsql(connectionString: string, file: string): Promise<number> {
  const select = `SELECT ${csvSelect(EXPORT_COLUMNS)} FROM calls WHERE tenant_id = '${TENANT}' AND status = 'surfaced' ORDER BY call_id`;
  const startedMs = performance.now();
  const psql = spawn('psql', [connectionString, '-qc', `\\copy (${select}) TO '${file}' CSV HEADER`], {
    stdio: 'inherit',
  });
  const code = await new Promise((resolve, reject) => psql.once('error', reject).once('exit', resolve));
  if (code !== 0) throw new Error(`psql ended with ${code}`);
  const rate = CALLS / ((performance.now() - startedMs) / 1000);
  await rm(file);
  return rate;
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
  const api = await createHttpApi(
    {
      ...stores,
      blobs: createDiskBlobStore({ root: join(folder, 'blobs') }),
      queue: { wakeReaders: async () => {}, wakeManyReaders: async () => {} },
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
  const before = megabytes();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, megabytes());
  }, 50);
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.copy.push(await copyByPsql(connectionString, join(folder, 'copy.csv')));
    rates.csv.push(await walk(url, key, 'csv'));
    rates.ndjson.push(await walk(url, key, 'ndjson'));
  }
  clearInterval(watch);
  process.stdout.write(
    `memory of the serving and reading process: ${before} MiB before, ${peak} MiB at its peak\n`,
  );
  const unit = `rows/s (peer: psql's \\copy of the same columns)`;
  return [
    compareRates('export-ndjson', unit, rates.ndjson, rates.copy),
    compareRates('export', unit, rates.csv, rates.copy),
  ];
}
