// A CRM file of 10 columns beside its id: first load, the same again, and a tenth changed, against psql's \copy of the
// same file into a plain table, in turn, on one Postgres that waits for its disk as in production. BENCH_ROWS says how
// many rows; 1,000,000 unless given.
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
import { type BenchResult, compareRates } from './result.ts';

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

/** Receives a copy of the file, puts it in line and imports it; the clock runs over the import alone. */
async function importOnce(deps: ImportCrmDeps, db: Database, file: string, folder: string): Promise<number> {
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
  const startedAt = performance.now();
  await importCrm(deps, { tenantId: TENANT, type: 'contacts' });
  const seconds = (performance.now() - startedAt) / 1_000;
  const [row] = await db.query<{ message: string; code: string; peak: number }>(
    `SELECT outcome_code AS code, outcome_message AS message, (i.report ->> 'peakMb')::float8 AS peak
       FROM files f JOIN crm_imports i ON i.file_id = f.id WHERE f.id = $1`,
    [fileId],
  );
  if (row?.code !== 'CRM_IMPORTED') throw new Error(`the import ended as ${row?.code}: ${row?.message}`);
  process.stderr.write(`  ${seconds.toFixed(2)} s, child's peak ${row.peak} MB: ${row.message}\n`);
  return ROWS / seconds;
}

const hasPsql = spawnSync('psql', ['--version']).status === 0;

/** The peer: rows a second of psql's \copy into a table with a text key. */
async function copyOnce(db: Database, connectionString: string, file: string): Promise<number> {
  await db.execute('drop table if exists peer');
  const columns = COLUMNS.map((name) => name.toLowerCase());
  await db.execute(
    `create table peer (tenant_id text default 'bench', external_id text primary key, ${columns.map((name) => `${name} text`).join(', ')})`,
  );
  const list = `peer (external_id, ${columns.join(', ')})`;
  const startedAt = performance.now();
  if (!hasPsql) {
    const client = await db.bulk.connect();
    await pipeline(createReadStream(file), client.query(copyFrom(`copy ${list} from stdin csv header`)));
    client.release();
    return ROWS / ((performance.now() - startedAt) / 1_000);
  }
  const command = `\\copy ${list} from '${file}' csv header`;
  const psql = spawn('psql', ['-q', '-X', '-v', 'ON_ERROR_STOP=1', connectionString, '-c', command], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(psql, 'exit');
  if (code !== 0) throw new Error(`psql ended with ${code}`);
  return ROWS / ((performance.now() - startedAt) / 1_000);
}

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
    const rates: Record<'first' | 'unchanged' | 'changed' | 'peer', number[]> = {
      first: [],
      unchanged: [],
      changed: [],
      peer: [],
    };
    for (let round = 1; round <= ROUNDS; round += 1) {
      process.stderr.write(`round ${round}\n`);
      await db.execute('TRUNCATE crm_objects');
      rates.peer.push(await copyOnce(db, connectionString, file));
      process.stderr.write(`  peer ${(ROWS / rates.peer.at(-1)!).toFixed(2)} s\n`);
      rates.first.push(await importOnce(deps, db, file, home));
      rates.unchanged.push(await importOnce(deps, db, file, home));
      rates.changed.push(await importOnce(deps, db, changed, home));
    }
    const compare = (name: string, ours: readonly number[]): BenchResult =>
      compareRates(name, 'rows/s', ours, rates.peer);
    return [
      compare('crm-import-unchanged', rates.unchanged),
      compare('crm-import-tenth-changed', rates.changed),
      compare('crm-import', rates.first),
    ];
  } finally {
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }
}
