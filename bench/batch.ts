// A batch of BENCH_ROWS rows (1,000,000) whose recordings are all here, read and advanced until every call is visible: the
// product's own use cases on an embedded Postgres, in one process. The peer is psql's `\copy`, as COPY over one
// connection, of the same file into a table of text columns: what storing the rows costs at least.
import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createDiskBlobStore } from '@callbay/blobs';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { createInspector, type ReadAloneDeps, readAlone, sweepBatches } from '@callbay/ingestion';
import {
  applyMigrations,
  createApiStores,
  createBatchStore,
  createBundleStore,
  createCallStore,
  createCrmStore,
  createDropView,
  createFileReceiver,
  createFileStore,
  createTombstones,
  type Database,
  insertTenant,
  openDatabase,
} from '@callbay/postgres';
import { openServerProbe } from '@callbay/testkit';
import { from as copyFrom } from 'pg-copy-streams';
import {
  COUNTING,
  type CpuShares,
  cpuSince,
  printStatements,
  printWal,
  readCpuShares,
} from './cpu-shares.ts';
import { type BenchResult, round } from './result.ts';

const ROWS = Number(process.env.BENCH_ROWS ?? 1_000_000);
/** So many of the costliest statements are printed; counting them costs a little CPU. */
const STATEMENTS = Number(process.env.BENCH_STATEMENTS ?? 0);
const HEADER = 'datetime,email,direction,filename,contactName,phone,stage,amount,campaign,note';

async function writeBatch(path: string): Promise<void> {
  await pipeline(function* () {
    yield `${HEADER}\n`;
    for (let n = 0; n < ROWS; n += 1) {
      const at = new Date(Date.UTC(2026, 2, 1) + n * 50).toISOString();
      yield `${at},rep${n % 500}@acme.test,outbound,call-${n}.wav,Contact ${n},+1469${5_000_000 + (n % 4_999_999)},won,${n}.50,spring,"Said: ""yes"", ${n}"\n`;
    }
  }, createWriteStream(path));
}

/** Rows of recordings as reading them leaves them, received before the batch. */
async function insertRecordings(db: Database, tenantId: string): Promise<void> {
  for (let from = 0; from < ROWS; from += 50_000) {
    await db.execute(
      `INSERT INTO files (tenant_id, id, drop, name, stem, ext, size_bytes, blob_key, sent_by, received_at, receive_seq,
              modified_at, kind, sha256, classified_at, media, call_key, shown_name)
       SELECT $1, id, 'sftp', 'call-' || n || '.wav', 'call-' || n, 'wav', 1000, $1 || '/' || id,
              'bench', now(), n + 1, now(), 'recording', md5(n::text), now(),
              '{"contentType":"audio/wav","durationSeconds":3,"channels":2,"codec":"pcm","isTruncated":false}',
              'stem:call-' || n, 'call-' || n || '.wav'
         FROM (SELECT n, uuidv7() AS id FROM generate_series($2::int, $3::int) AS n) numbered`,
      [tenantId, from, Math.min(from + 50_000, ROWS) - 1],
    );
  }
  await db.execute(`UPDATE tenant_counters SET value = $2 WHERE tenant_id = $1 AND name = 'receive'`, [
    tenantId,
    ROWS,
  ]);
}

async function makeDeps(stack: AsyncDisposableStack, db: Database, folder: string): Promise<ReadAloneDeps> {
  return {
    calls: createCallStore(db, createTombstones(randomBytes(32))),
    files: createFileStore(db),
    batches: createBatchStore(db),
    bundles: createBundleStore(db),
    bundleFolder: join(folder, 'bundles'),
    crm: createCrmStore(db),
    queue: { enqueueCrmImport: async () => {}, wakeReaders: async () => {}, wakeManyReaders: async () => {} },
    blobs: createDiskBlobStore({ root: join(folder, 'blobs') }),
    inspector: stack.use(createInspector({ processes: 1 })),
    log: { warn: console.warn, error: console.error },
    metrics: { surfaced: () => {}, updated: () => {} },
  };
}

/** The most MiB that any child of this process had in memory; of them the reader of the batch is by far the largest. */
function watchChildren(): { peakMib: () => number } & Disposable {
  let peakKib = 0;
  const look = async (): Promise<void> => {
    const pids = (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).trim().split(' ');
    for (const pid of pids) {
      // One that has just ended has nothing to tell.
      const [name, status] = await Promise.all(
        ['cmdline', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      if (!name?.includes('row-child')) continue;
      peakKib = Math.max(peakKib, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status ?? '')?.[1] ?? 0));
    }
  };
  const timer = setInterval(() => void look(), 100);
  return { peakMib: () => Math.round(peakKib / 1024), [Symbol.dispose]: () => clearInterval(timer) };
}

function printCpu(label: string, { node, children, postgres }: CpuShares): void {
  const each = (ms: number): string => `${((ms * 1_000) / ROWS).toFixed(0)} µs`;
  process.stderr.write(
    `${label}, CPU a row: node ${each(node)}, its children ${each(children)}, Postgres ${each(postgres)}\n`,
  );
}

/** Milliseconds, the median of three. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return Math.round(times.sort((a, b) => a - b)[1]!);
}

/** Rows a second. */
async function measureCopy(db: Database, path: string): Promise<number> {
  const client = await db.bulk.connect();
  try {
    const columns = HEADER.split(',').map((name) => `${name.toLowerCase()} text`);
    await client.query(`create table bench_peer (${columns.join(', ')})`);
    const startedAt = performance.now();
    const copy = client.query(copyFrom('copy bench_peer from stdin with (format csv, header)'));
    await pipeline(createReadStream(path), copy);
    return ROWS / ((performance.now() - startedAt) / 1_000);
  } finally {
    client.release();
  }
}

export async function run(): Promise<BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-bench-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'batch.csv');
  await writeBatch(path);
  const server = await startEmbeddedPostgres({
    home: join(folder, 'postgres'),
    isThrowaway: false,
    settings: {
      ...(STATEMENTS > 0 ? COUNTING : {}),
      ...(JSON.parse(process.env.BENCH_SETTINGS ?? '{}') as Record<string, string>),
    },
  });
  stack.defer(() => server.stop());
  const connectionString = await server.createDatabase('bench');
  await applyMigrations(connectionString);
  const db = stack.use(openDatabase({ connectionString, max: 16, applicationName: 'bench' }));
  const deps = await makeDeps(stack, db, folder);
  const tenantId = 'bench';
  await insertTenant(db, {
    id: tenantId,
    name: tenantId,
    timeZone: 'UTC',
    stage: 'live',
    insertedBy: 'bench',
  });
  const fileId = randomUUID();
  await insertRecordings(db, tenantId);

  const peer = await measureCopy(db, path);
  const sizeBytes = (await stat(path)).size;
  const blobKey = await deps.blobs.put(tenantId, fileId, path);
  const modifiedAt = new Date();
  const batch = {
    fileId,
    drop: 'sftp',
    name: 'batch.csv',
    sizeBytes,
    modifiedAt,
    blobKey,
    sentBy: 'bench',
  } as const;
  await createFileReceiver(db).receiveFile(tenantId, batch);
  await using probe = STATEMENTS > 0 ? await openServerProbe(connectionString) : null;
  await probe?.query('SELECT pg_stat_statements_reset(), pg_stat_reset_shared()');
  process.stderr.write(`${ROWS} rows are here\n`);
  const walFrom = probe && (await probe.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn'))[0]!.lsn;
  using children = watchChildren();
  const cpuBefore = await readCpuShares();
  const startedAt = performance.now();
  await readAlone(deps, { tenantId, fileId });
  const readSeconds = (performance.now() - startedAt) / 1_000;
  const cpuRead = await readCpuShares();
  await sweepBatches(deps);
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpuAfter = await readCpuShares();
  const [{ surfaced } = { surfaced: 0 }] = await db.query<{ surfaced: number }>(
    `SELECT count(*) AS surfaced FROM calls WHERE tenant_id = $1 AND status = 'surfaced'`,
    [tenantId],
  );
  if (surfaced !== ROWS) throw new Error(`${surfaced} of ${ROWS} rows surfaced`);
  const peakMib = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stderr.write(
    `${ROWS} rows: read and the first advanced in ${round(readSeconds)} s, surfaced in ${round(seconds)} s; peak memory ${peakMib} MiB, of the reading process ${children.peakMib()} MiB\n`,
  );
  printCpu('read', cpuSince(cpuRead, cpuBefore));
  printCpu('advanced', cpuSince(cpuAfter, cpuRead));
  if (probe) await printStatements(probe, ROWS, STATEMENTS);
  if (probe && walFrom) await printWal(probe, ROWS, walFrom);
  const { files: reader } = createApiStores(db, { seal: (text) => text, unseal: (sealed) => sealed });
  const [receipt, explanation, page] = [
    await timeOf(() => createDropView(db).readReceipt(tenantId, 'batch.csv.json')),
    await timeOf(() => reader.explainFile(tenantId, fileId, { limit: 1000 })),
    await timeOf(() => reader.listRows(tenantId, fileId, { limit: 500, cursor: ROWS / 2, code: 'SURFACED' })),
  ];
  process.stderr.write(
    `then: receipt ${receipt} ms, explanation ${explanation} ms, a page of 500 rows from the middle ${page} ms\n`,
  );
  const ours = ROWS / seconds;
  return [
    {
      name: 'batch',
      ours: round(ours),
      peer: round(peer),
      unit: 'rows/s to surfaced (peer: COPY of the same file)',
      ratio: round(ours / peer),
      runs: [round(ours)],
    },
  ];
}
