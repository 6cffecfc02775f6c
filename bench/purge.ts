// The purge of 40,000 files of 20,000 surfaced calls, each file with its bytes on the disk and its steps in the database, by
// one process, then by two that share the work. The peer is the promise: 10 million files a day.
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore } from '@callbay/blobs';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { type BlobStore, sweepPurges } from '@callbay/ingestion';
import {
  applyMigrations,
  createAlertStore,
  createSweepStore,
  Database,
  insertTenant,
} from '@callbay/postgres';
import pg from 'pg';
import { type BenchResult, round } from './result.ts';

const CALLS = Number(process.env.BENCH_CALLS ?? 20_000);
const PROMISED = 10_000_000 / 86_400;
const TENANTS = 4;
const SLICES = 4;

/** A pair that surfaced 8 days ago, as it stands in the database; the call keeps the recording's bytes. */
const LOAD = `
WITH pairs AS (SELECT n, '2025' || n AS stem FROM generate_series(1, $2::int) n), halves AS (
  SELECT n, stem, ext, ext = 'wav' AS is_media, md5($1 || stem || ext)::uuid AS id FROM pairs, unnest(ARRAY['wav', 'json']) AS ext
), made AS (
  INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, blob_key, sent_by, modified_at,
                     receive_seq, received_at, classified_at, kind, state, outcome_code, folder, call_key)
  SELECT $1, id, 'sftp', stem || '.' || ext, stem || '.' || ext, stem, ext, 1000, id::text, 'u', callbay_now(),
         2 * n + is_media::int, callbay_now() - interval '8 days', callbay_now(),
         CASE WHEN is_media THEN 'recording' ELSE 'sidecar' END, 'done', 'SURFACED', 'processed', 'stem:' || stem FROM halves
), called AS (
  INSERT INTO calls (tenant_id, call_key, status, call_id, media_blob_key)
  SELECT $1, 'stem:' || stem, 'visible', n, id::text FROM halves WHERE is_media
)
INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
SELECT $1, id, callbay_now() - interval '8 days', 'step', 'SURFACED', 'The call is complete and visible.',
       jsonb_build_object('callKey', 'stem:' || stem, 'revision', 1), gen_random_uuid()::text
  FROM halves, generate_series(1, 3)`;

async function load(connectionString: string, blobs: BlobStore, folder: string): Promise<void> {
  await using db = new Database({ connectionString, max: 1, applicationName: 'bench-load' });
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (let n = 0; n < TENANTS; n += 1) {
      const tenantId = `t${n}-${randomUUID().slice(0, 8)}`;
      await insertTenant(db, {
        id: tenantId,
        name: 'Bench',
        timeZone: 'UTC',
        stage: 'live',
        insertedBy: 'bench',
      });
      await client.query(LOAD, [tenantId, CALLS / TENANTS]);
      const { rows } = await client.query<{ id: string }>('SELECT id FROM files WHERE tenant_id = $1', [
        tenantId,
      ]);
      const keys: string[] = [];
      for (const { id } of rows) {
        const path = join(folder, id);
        await writeFile(path, 'x');
        keys.push(await blobs.put(tenantId, id, path));
      }
      await client.query(
        'UPDATE files f SET blob_key = k.key FROM unnest($2::uuid[], $3::text[]) AS k(id, key) WHERE f.tenant_id = $1 AND f.id = k.id',
        [tenantId, rows.map(({ id }) => id), keys],
      );
      await client.query(
        'UPDATE calls c SET media_blob_key = f.blob_key FROM files f WHERE c.tenant_id = $1 AND f.tenant_id = $1 AND f.id::text = c.media_blob_key',
        [tenantId],
      );
    }
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

/** Files that `processes` purge in a second, each with connections of its own, as two pipelines do. */
async function measure(connectionString: string, blobs: BlobStore, processes: number): Promise<number> {
  const clocks = { hostMs: Date.now(), wallElapsedMs: 60_000, monotonicElapsedMs: 60_000 };
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object, text: string) => process.stderr.write(`${text} ${JSON.stringify(fields)}\n`),
  };
  const purgeAlone = async (): Promise<number> => {
    await using db = new Database({ connectionString, max: 4, applicationName: 'bench-purge' });
    const deps = { sweeps: createSweepStore(db), alerts: createAlertStore(db), blobs, log };
    let purged = 0;
    for (let nth = 0; nth < SLICES; nth += 1) {
      await deps.sweeps.runExclusively(`purges ${nth}`, async () => {
        purged += await sweepPurges(deps, clocks, { slice: { nth, of: SLICES } });
      });
    }
    return purged;
  };
  const startedAt = performance.now();
  const counts = await Promise.all(Array.from({ length: processes }, purgeAlone));
  const seconds = (performance.now() - startedAt) / 1_000;
  const purged = counts.reduce((sum, count) => sum + count, 0);
  process.stderr.write(`${processes} process(es): ${counts.join(' + ')} files in ${seconds.toFixed(1)} s\n`);
  if (purged !== 2 * CALLS) throw new Error(`${purged} of ${2 * CALLS} files were purged`);
  return purged / seconds;
}

/** What the files and their steps take, in bytes a file. */
async function readSizes(connectionString: string): Promise<string> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query('VACUUM FULL files');
    await client.query('VACUUM FULL file_steps');
    const { rows } = await client.query(
      `SELECT pg_total_relation_size('files') / count(*) AS files, pg_total_relation_size('file_steps') / count(*) AS steps
         FROM files`,
    );
    return `${rows[0].files} bytes a file and ${rows[0].steps} of its steps`;
  } finally {
    await client.end();
  }
}

export async function run(): Promise<BenchResult[]> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-bench-'));
  const server = await startEmbeddedPostgres({ home, isThrowaway: true });
  try {
    const results: BenchResult[] = [];
    const folder = join(home, 'spool');
    await mkdir(folder);
    for (const processes of [2, 1]) {
      const connectionString = await server.createDatabase(`bench${processes}`);
      await applyMigrations(connectionString);
      const blobs = createDiskBlobStore({ root: join(home, `blobs${processes}`) });
      await load(connectionString, blobs, folder);
      const before = await readSizes(connectionString);
      const rate = await measure(connectionString, blobs, processes);
      process.stderr.write(`before: ${before}; purged: ${await readSizes(connectionString)}\n`);
      results.push({
        name: processes === 1 ? 'purge' : `purge by ${processes} processes`,
        ours: round(rate),
        peer: round(PROMISED),
        unit: 'files/s (peer: 10 million files a day)',
        ratio: round(rate / PROMISED),
        runs: [round(rate)],
      });
    }
    return results;
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}
