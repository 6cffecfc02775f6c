import { createHash } from 'node:crypto';
import { createDatabase } from '@callbay/embedded';
import type { ServerProbe } from '@callbay/testkit';
import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';
import { makePair } from './send-pairs.ts';

/** CPU milliseconds a pair of the least that could be done for it. */
export interface PeerCosts {
  /** Two BullMQ jobs that do nothing. */
  readonly queue: number;
  /** Inserting the rows of a pair by unnest, 200 pairs in a statement, into tables with the same indexes. */
  readonly insert: number;
  /** JSON.parse of the sidecar and SHA-256 of both files. */
  readonly read: number;
}

/** CPU that the product and this process have used, in milliseconds. */
export type CpuClock = () => Promise<number>;

const SAMPLE_PAIRS = 400;
const PAIRS_PER_STATEMENT = 200;

async function measure(clock: CpuClock, work: () => Promise<void>): Promise<number> {
  const before = await clock();
  await work();
  return ((await clock()) - before) / SAMPLE_PAIRS;
}

async function runJobs(connectionString: string, redisUrl: string | null): Promise<void> {
  let open = SAMPLE_PAIRS * 2;
  const all = Promise.withResolvers<void>();
  const work = async (): Promise<void> => {};
  const options = { concurrency: 8, removeOnComplete: { count: 0 } };
  const makeBoth = () => {
    if (redisUrl !== null) {
      const { Queue, Worker } = withBackend(createRedisBackend);
      const connection = { url: redisUrl, maxRetriesPerRequest: null };
      return {
        queue: new Queue('bare', { connection }),
        worker: new Worker('bare', work, { connection, ...options }),
      };
    }
    const { Queue, Worker } = withBackend(createPostgresBackend);
    const connection = { connectionString, schema: 'bare', migrate: true, max: 5 };
    return {
      queue: new Queue('bare', { connection }),
      worker: new Worker('bare', work, { connection, ...options }),
    };
  };
  const { queue, worker } = makeBoth();
  worker.on('completed', () => {
    open -= 1;
    if (open === 0) all.resolve();
  });
  await queue.waitUntilReady();
  await worker.waitUntilReady();
  const producers = Array.from({ length: 8 }, async () => {
    for (let n = 0; n < (SAMPLE_PAIRS * 2) / 8; n += 1) await queue.add('pair', { fileId: `${n}` });
  });
  await Promise.all([all.promise, ...producers]);
  await worker.close();
  await queue.close();
}

interface SampledTable {
  readonly name: string;
  readonly columns: readonly { name: string; type: string }[];
  readonly rows: readonly Record<string, string | null>[];
}

/** The newest rows of every table that the measured pairs have written to, as many as `SAMPLE_PAIRS` pairs have. */
async function sampleTables(
  probe: ServerProbe,
  rowsPerPair: ReadonlyMap<string, number>,
): Promise<SampledTable[]> {
  const tables: SampledTable[] = [];
  for (const [name, perPair] of rowsPerPair) {
    const columns = await probe.query<{ name: string; type: string }>(
      `SELECT quote_ident(attname) AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
        WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
      [name],
    );
    const list = columns.map((column) => `${column.name}::text AS ${column.name}`).join(', ');
    const rows = await probe.query<Record<string, string | null>>(
      `SELECT ${list} FROM ${name} ORDER BY ctid DESC LIMIT $1`,
      [Math.round(perPair * SAMPLE_PAIRS)],
    );
    await probe.query(`CREATE TABLE bench_peer.${name} (LIKE ${name} INCLUDING ALL)`);
    tables.push({ name, columns, rows });
  }
  return tables;
}

async function insertRows(probe: ServerProbe, tables: readonly SampledTable[]): Promise<void> {
  const statements = SAMPLE_PAIRS / PAIRS_PER_STATEMENT;
  for (let part = 0; part < statements; part += 1) {
    await probe.query('BEGIN');
    for (const { name, columns, rows } of tables) {
      const size = Math.ceil(rows.length / statements);
      const chunk = rows.slice(part * size, (part + 1) * size);
      const names = columns.map((column) => column.name).join(', ');
      const arrays = columns.map((_, n) => `$${n + 1}::text[]`).join(', ');
      const casts = columns.map((column) => `u.${column.name}::${column.type}`).join(', ');
      await probe.query(
        `INSERT INTO bench_peer.${name} (${names}) SELECT ${casts} FROM unnest(${arrays}) AS u (${names})`,
        columns.map((column) => chunk.map((row) => row[column.name.replaceAll('"', '')] ?? null)),
      );
    }
    await probe.query('COMMIT');
  }
}

function readPairs(pairs: readonly ReturnType<typeof makePair>[]): void {
  for (const { wav, json } of pairs) {
    createHash('sha256').update(wav).digest('hex');
    createHash('sha256').update(json).digest('hex');
    JSON.parse(json);
  }
}

/** Measures the peers on the product's own, now idle, Postgres and Redis. */
export async function measurePeers(
  probe: ServerProbe,
  clock: CpuClock,
  redisUrl: string | null,
  rowsPerPair: ReadonlyMap<string, number>,
): Promise<PeerCosts> {
  const pairs = Array.from({ length: SAMPLE_PAIRS }, (_, n) => makePair(n));
  const read = await measure(clock, async () => readPairs(pairs));
  await probe.query('DROP SCHEMA IF EXISTS bench_peer CASCADE');
  await probe.query('CREATE SCHEMA bench_peer');
  const tables = await sampleTables(probe, rowsPerPair);
  const insert = await measure(clock, () => insertRows(probe, tables));
  const queueDatabase = await createDatabase(probe.connectionString, 'bench_peer');
  await runJobs(queueDatabase, redisUrl);
  const queue = await measure(clock, () => runJobs(queueDatabase, redisUrl));
  return { queue, insert, read };
}
