// The first page of each folder that SFTP clients list, of a tenant with 1,000,000 files: one tenant got all of them
// within a day, the other nine of ten more than 30 days ago. The peer is the promise: 50 ms.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { applyMigrations, createDropView, Database, insertTenant } from '@callbay/postgres';
import pg from 'pg';
import { type BenchResult, median, round } from './result.ts';

const FILES = Number(process.env.BENCH_FILES ?? 1_000_000);
const RUNS = 20;
const PROMISED_MS = 50;
const PAGE = 200;

/** Share of the tenant's files that came within the last day. */
const TENANTS = { 'all of today': 1, 'nine of ten old': 0.1 } as const;

const LOAD = `
INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, blob_key, sent_by, modified_at,
                   receive_seq, received_at, purged_at, classified_at, state, folder)
SELECT $1, gen_random_uuid(), 'sftp', name, name, 'stem' || n, 'wav', 10, $1 || '/' || n, 'u', callbay_now(),
       n, callbay_now() - age, CASE WHEN age > interval '7 days' THEN callbay_now() END, callbay_now(),
       (ARRAY['held', 'done', 'rejected'])[n % 3 + 1], (ARRAY['data', 'processed', 'rejected'])[n % 3 + 1]
  FROM generate_series(1, $2::int) n, to_char(n, '"20251201-"FM0000000"_outbound_1234.wav"') AS name,
       LATERAL (SELECT CASE WHEN n < (1 - $3::float8) * $2 THEN interval '90 days' ELSE interval '1 day' END AS age) a`;

async function prepare(connectionString: string): Promise<void> {
  await applyMigrations(connectionString);
  await using db = new Database({ connectionString, max: 1, applicationName: 'bench-load' });
  // The pool's time limit is for requests.
  const client = new pg.Client({ connectionString });
  await client.connect();
  for (const [n, share] of Object.values(TENANTS).entries()) {
    await insertTenant(db, {
      id: `t${n}`,
      name: 'Bench',
      timeZone: 'UTC',
      stage: 'live',
      insertedBy: 'bench',
    });
    await client.query(LOAD, [`t${n}`, FILES, share]);
  }
  await client.query('VACUUM ANALYZE files');
  const { rows } = await client.query(
    `SELECT indexrelname AS index, pg_relation_size(indexrelid) / $1 AS bytes FROM pg_stat_user_indexes
      WHERE relname = 'files' ORDER BY 2 DESC`,
    [FILES * Object.keys(TENANTS).length],
  );
  process.stderr.write(`index bytes a file: ${rows.map((row) => `${row.index} ${row.bytes}`).join(', ')}\n`);
  await client.end();
}

export async function run(): Promise<BenchResult[]> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-bench-'));
  const server = await startEmbeddedPostgres({ home, isThrowaway: true });
  try {
    const connectionString = await server.createDatabase('bench');
    await prepare(connectionString);
    await using db = new Database({ connectionString, max: 1, applicationName: 'bench-listing' });
    const view = createDropView(db);
    const page = { afterName: null, limit: PAGE };
    const results: BenchResult[] = [];
    for (const [n, title] of Object.keys(TENANTS).entries()) {
      const lists = {
        '/receipts': () => view.listReceipts(`t${n}`, page),
        '/data/processed': () => view.listFolder(`t${n}`, 'processed', page),
        '/data': () => view.listFolder(`t${n}`, 'data', page),
      };
      for (const [folder, list] of Object.entries(lists)) {
        const times: number[] = [];
        for (let turn = 0; turn <= RUNS; turn += 1) {
          const startedAt = performance.now();
          const entries = await list();
          if (entries.length !== PAGE) throw new Error(`${folder}: ${entries.length} entries`);
          if (turn > 0) times.push(performance.now() - startedAt);
        }
        results.push(toResult(`listing ${folder}, ${title}`, times));
      }
    }
    const worst = results.reduce((a, b) => (b.ours > a.ours ? b : a));
    return [...results, { ...worst, name: 'listing', runs: results.map(({ ours }) => ours) }];
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}

function toResult(name: string, times: readonly number[]): BenchResult {
  const ours = round(median(times));
  const unit = 'ms p50 (peer: the 50 ms aim)';
  return { name, ours, peer: PROMISED_MS, unit, ratio: round(PROMISED_MS / ours), runs: times.map(round) };
}
