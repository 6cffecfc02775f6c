// Pairs that pipelines surface in a second, of one node and of two that share a database, a queue and a volume: each pipeline is a
// node of its own, pinned to a core of its own, and all of it has come before it starts. The peer is one node.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { Database } from '@callbay/postgres';
import { isRedisInstalled, startProduct, startRedis, until } from '@callbay/testkit';
import { openTenant, sendPairs } from './hotpath/send-pairs.ts';
import { type BenchResult, median, round } from './result.ts';

const PAIRS = Number(process.env.BENCH_PAIRS ?? 2_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 2);
const CONNECTIONS = 6;
const TENANT = 'nodes';
const SURFACED_WITHIN_MS = 600_000;
const MAIN = join(import.meta.dirname, '../apps/callbay/src/main.ts');

/** The middle of the run: nodes that are still starting, and the last few calls, say nothing about either. */
const RATE = `
SELECT count(*) / extract(epoch FROM max(surfaced_at) - min(surfaced_at))::float8 AS rate FROM (
  SELECT surfaced_at, percent_rank() OVER (ORDER BY surfaced_at) AS part FROM calls WHERE surfaced_at IS NOT NULL
) c WHERE part BETWEEN 0.25 AND 0.95`;

const SIZES = `
SELECT relname AS name, pg_total_relation_size(oid)::float8 AS bytes FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 8`;

interface Node {
  readonly child: ChildProcess;
  readonly home: string;
}

async function startPipeline(
  core: number,
  home: string,
  blobs: string,
  env: Readonly<Record<string, string>>,
): Promise<Node> {
  await mkdir(home);
  await symlink(blobs, join(home, 'blobs'));
  const child = spawn('taskset', ['--cpu-list', String(core), process.execPath, MAIN, 'up'], {
    env: { ...process.env, ...env, CALLBAY_HOME: home, CALLBAY_ROLES: 'pipeline', CALLBAY_LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { child, home };
}

async function stop({ child }: Node): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

/** CPU seconds of a process and all below it, of those that ended too. */
async function readCpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const below = children.trim().split(' ').filter(Boolean).map(Number);
  return (await Promise.all(below.map(readCpuSeconds))).reduce((sum, each) => sum + each, own);
}

/** Pairs a second with so many pipelines. */
async function measure(pipelines: number, connectionString: string, redisUrl: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-nodes-'));
  const env = {
    DATABASE_URL: connectionString,
    REDIS_URL: redisUrl,
    CALLBAY_SECRET_KEY: randomBytes(32).toString('base64'),
  };
  const nodes: Node[] = [];
  try {
    await using front = await startProduct({ ...env, CALLBAY_ROLES: 'intake,api' });
    await using db = new Database({ connectionString, max: 1, applicationName: 'bench-nodes' });
    {
      await using tenant = await openTenant(front, TENANT, CONNECTIONS);
      await sendPairs(tenant, 0, PAIRS);
    }
    for (let n = 0; n < pipelines; n += 1) {
      const core = n % availableParallelism();
      nodes.push(await startPipeline(core, join(folder, `node${n}`), join(front.home, 'blobs'), env));
    }
    await until(
      'every pair surfaced',
      async () => {
        const [row] = await db.query<{ n: number }>(
          'SELECT count(*) AS n FROM calls WHERE surfaced_at IS NOT NULL',
        );
        return Number(row?.n) === PAIRS;
      },
      SURFACED_WITHIN_MS,
    );
    const cpu = await Promise.all(nodes.map(({ child }) => readCpuSeconds(child.pid!)));
    const [row] = await db.query<{ rate: number }>(RATE);
    const rate = row?.rate ?? 0;
    const shares = cpu.map((seconds) => seconds.toFixed(1)).join(' + ');
    process.stderr.write(`${pipelines} pipeline(s): ${rate.toFixed(0)} pairs/s, CPU of each ${shares} s\n`);
    if (pipelines === 1) await reportSizes(db);
    return rate;
  } finally {
    await Promise.all(nodes.map(stop));
    await rm(folder, { recursive: true, force: true });
  }
}

async function reportSizes(db: Database): Promise<void> {
  await db.execute('VACUUM');
  const rows = await db.query<{ name: string; bytes: number }>(SIZES);
  const each = rows.map(({ name, bytes }) => `${name} ${Math.round(bytes / PAIRS)}`);
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0) / PAIRS;
  process.stderr.write(`bytes a call in the database: ${Math.round(total)}: ${each.join(', ')}\n`);
}

export async function run(): Promise<BenchResult[]> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-bench-'));
  const server = await startEmbeddedPostgres({ home, isThrowaway: true });
  const redis = isRedisInstalled() ? await startRedis() : null;
  try {
    const rates: Record<1 | 2, number[]> = { 1: [], 2: [] };
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      for (const pipelines of [1, 2] as const) {
        const connectionString = await server.createDatabase(`nodes_${turn}_${pipelines}`);
        rates[pipelines].push(await measure(pipelines, connectionString, redis?.url ?? ''));
      }
    }
    const [ours, peer] = [median(rates[2]), median(rates[1])];
    return [
      {
        name: 'nodes',
        ours: round(ours),
        peer: round(peer),
        unit: 'pairs/s of two nodes (peer: one)',
        ratio: round(ours / peer),
        runs: rates[2].map(round),
      },
    ];
  } finally {
    await redis?.stop();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}
