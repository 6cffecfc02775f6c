// A CRM file of 10 columns beside its id: first load, the same again, and a tenth changed, against psql's \copy of the
// same file into a plain table, the peer before each, on one Postgres that waits for its disk as in production: rows a
// second, and rows a CPU second of all processes together. BENCH_ROWS says how many rows (1,000,000), BENCH_ROUNDS how
// often (3).
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createDiskBlobStore } from '@callbay/blobs';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { createImportSlots, type ImportCrmDeps, importCrm } from '@callbay/ingestion';
import {
  applyMigrations,
  createCallStore,
  createCrmStore,
  createFileReceiver,
  createTombstones,
  type Database,
  insertTenant,
  openDatabase,
} from '@callbay/postgres';
import { from as copyFrom } from 'pg-copy-streams';
import { cpuSince, readCpuShares } from './cpu-shares.ts';
import { type BenchResult, comparePairs } from './result.ts';

const ROWS = Number(process.env.BENCH_ROWS ?? 1_000_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const TENANT = 'bench';
const COLUMNS = [
  'FirstName',
  'LastName',
  'Email',
  'Phone',
  'Title',
  'City',
  'Notes',
  'Size',
  'Region',
  'OwnerId',
];

/** Writes the file; of every tenth row `edition` says the title. */
async function writeContacts(path: string, rows: number, edition: number): Promise<void> {
  const out = createWriteStream(path, { highWaterMark: 1024 * 1024 });
  out.write(`Id,${COLUMNS.join(',')}\n`);
  for (let n = 0; n < rows; n += 1) {
    const id = `003${((n * 2_654_435_761) % 2 ** 32).toString(36).padStart(7, '0')}${n.toString(36).padStart(5, '0')}AAA`;
    const title = n % 10 === 0 ? `Title ${edition}` : 'Account Executive';
    const line = `${id},First${n % 977},Last${n},user${n}@example.com,+1555${n},${title},San Francisco,note ${n} about nothing,${n % 5_000},west,005${n % 50}\n`;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

/** Rows a second, and rows a CPU second of this process, its children and Postgres. */
interface Rates {
  readonly elapsed: number;
  readonly cpu: number;
}

async function measure(work: () => Promise<void>): Promise<Rates> {
  const before = await readCpuShares();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { node, children, postgres } = cpuSince(await readCpuShares(), before);
  const cpuSeconds = (node + children + postgres) / 1_000;
  process.stderr.write(
    `  ${seconds.toFixed(2)} s; CPU ${cpuSeconds.toFixed(2)} s, of Postgres ${(postgres / 1_000).toFixed(2)}`,
  );
  return { elapsed: ROWS / seconds, cpu: ROWS / cpuSeconds };
}

/** Receives a copy of the file, puts it in line and imports it; the clock runs over the import alone. */
async function importOnce(deps: ImportCrmDeps, db: Database, file: string, folder: string): Promise<Rates> {
  const fileId = randomUUID();
  const path = join(folder, fileId);
  await copyFile(file, path);
  const { size } = await stat(path);
  const blobKey = await deps.blobs.put(TENANT, fileId, path);
  const sent = {
    fileId,
    drop: 'sftp',
    name: 'contacts.csv',
    sizeBytes: size,
    modifiedAt: new Date(),
    blobKey,
    sentBy: 'bench',
  } as const;
  await createFileReceiver(db).receiveFile(TENANT, sent);
  await deps.crm.saveCrmFile(TENANT, fileId, { type: 'contacts', sha256: '', warnings: [] });
  const rates = await measure(() => importCrm(deps, { tenantId: TENANT, type: 'contacts' }));
  const [row] = await db.query<{ message: string; code: string; peak: number }>(
    `SELECT outcome_code AS code, outcome_message AS message, (i.report ->> 'peakMb')::float8 AS peak
       FROM files f JOIN crm_imports i ON i.file_id = f.id WHERE f.id = $1`,
    [fileId],
  );
  if (row?.code !== 'CRM_IMPORTED') throw new Error(`the import ended as ${row?.code}: ${row?.message}`);
  process.stderr.write(`, child's peak ${row.peak} MB: ${row.message}\n`);
  return rates;
}

const hasPsql = spawnSync('psql', ['--version']).status === 0;

/** The peer: psql's \copy into a table with a text key. */
async function copyOnce(db: Database, connectionString: string, file: string): Promise<Rates> {
  await db.execute('DROP TABLE IF EXISTS peer');
  const columns = COLUMNS.map((name) => name.toLowerCase());
  await db.execute(
    `CREATE TABLE peer (tenant_id text DEFAULT 'bench', external_id text PRIMARY KEY, ${columns.map((name) => `${name} text`).join(', ')})`,
  );
  const list = `peer (external_id, ${columns.join(', ')})`;
  const copy = hasPsql ? copyByPsql(connectionString, list, file) : copyByPg(db, list, file);
  const rates = await measure(copy);
  process.stderr.write(' of the peer\n');
  return rates;
}

const copyByPg = (db: Database, list: string, file: string) => async (): Promise<void> => {
  const client = await db.bulk.connect();
  await pipeline(createReadStream(file), client.query(copyFrom(`COPY ${list} FROM STDIN CSV HEADER`)));
  client.release();
};

const copyByPsql = (connectionString: string, list: string, file: string) => async (): Promise<void> => {
  const command = `\\copy ${list} from '${file}' csv header`;
  const psql = spawn('psql', ['-q', '-X', '-v', 'ON_ERROR_STOP=1', connectionString, '-c', command], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(psql, 'exit');
  if (code !== 0) throw new Error(`psql ended with ${code}`);
};

export async function run(): Promise<BenchResult[]> {
  if (!hasPsql) process.stderr.write('psql is not installed: the peer is the same COPY through pg\n');
  const home = await mkdtemp(join(tmpdir(), 'callbay-bench-'));
  const postgres = await startEmbeddedPostgres({
    home,
    isThrowaway: true,
    settings: { fsync: 'on', synchronous_commit: 'on' },
  });
  try {
    const connectionString = await postgres.createDatabase('bench');
    await applyMigrations(connectionString);
    await using db = openDatabase({ connectionString, max: 4, applicationName: 'bench' });
    await insertTenant(db, { id: TENANT, name: TENANT, timeZone: 'UTC', stage: 'live', insertedBy: 'bench' });
    const fail = (detail: object, message: string): void => {
      throw new Error(message, { cause: detail });
    };
    const deps: ImportCrmDeps = {
      crm: createCrmStore(db),
      calls: createCallStore(db, createTombstones(new Uint8Array(32))),
      blobs: createDiskBlobStore({ root: join(home, 'blobs') }),
      queue: { enqueueCrmImport: async () => {} },
      importSlots: createImportSlots({ total: 1 }),
      log: { warn: fail, error: fail },
      metrics: { surfaced: () => {}, updated: () => {} },
    };
    const [file, changed] = [join(home, 'contacts.csv'), join(home, 'changed.csv')];
    await writeContacts(file, ROWS, 1);
    await writeContacts(changed, ROWS, 2);
    const kinds = { first: file, unchanged: file, changed } as const;
    const measured: Record<keyof typeof kinds, { ours: Rates; peer: Rates }[]> = {
      first: [],
      unchanged: [],
      changed: [],
    };
    for (let round = 1; round <= ROUNDS; round += 1) {
      process.stderr.write(`round ${round}\n`);
      await db.execute('TRUNCATE crm_objects');
      for (const kind of ['first', 'unchanged', 'changed'] as const) {
        const peer = await copyOnce(db, connectionString, file);
        measured[kind].push({ ours: await importOnce(deps, db, kinds[kind], home), peer });
      }
    }
    const compare = (name: string, kind: keyof typeof kinds): BenchResult[] => [
      comparePairs(
        `${name}-cpu`,
        'rows/CPU s',
        measured[kind].map(({ ours, peer }) => [ours.cpu, peer.cpu]),
      ),
      comparePairs(
        name,
        'rows/s',
        measured[kind].map(({ ours, peer }) => [ours.elapsed, peer.elapsed]),
      ),
    ];
    return [
      ...compare('crm-import-unchanged', 'unchanged'),
      ...compare('crm-import-tenth-changed', 'changed'),
      ...compare('crm-import', 'first'),
    ];
  } finally {
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }
}
