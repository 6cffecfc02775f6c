// Pairs of a recording of 88 KB and its JSON sidecar, from the first byte to the surfaced call: CPU milliseconds of each of
// the product's processes, and statements, commits, WAL, buffers and context switches a pair, on the embedded default and with
// the queue on Redis. The peer is the least that could be done for a pair: two empty BullMQ jobs, INSERT of the same rows
// by unnest, JSON.parse and SHA-256 of the same bytes.
//
// BENCH_PAIRS (2,000), BENCH_CONNECTIONS (6), BENCH_ROUNDS (1) and BENCH_WARMUP (300 pairs) change the load. BENCH_HISTORY
// is how many files the tenant has in a second measurement after the first. BENCH_BASE is the folder of another clone, which
// is measured in turn. BENCH_BACKENDS chooses from `postgres,redis`. BENCH_STATEMENTS is how many statements to show.
import {
  insertHistory,
  isRedisInstalled,
  type RunningProduct,
  startProduct,
  startRedis,
  type TestRedis,
} from '@callbay/testkit';
import {
  awaitSurfaced,
  type Measured,
  measurePairs,
  type PairsMeasurement,
} from './hotpath/measure-pairs.ts';
import { openProbe } from './hotpath/open-probe.ts';
import { measurePeers, type PeerCosts } from './hotpath/peers.ts';
import { readUsage } from './hotpath/process-tree.ts';
import { printMeasurement, printPeers } from './hotpath/report.ts';
import { openTenant, sendPairs } from './hotpath/send-pairs.ts';
import { type BenchResult, median, round } from './result.ts';

const PAIRS = Number(process.env.BENCH_PAIRS ?? 2_000);
const WARMUP_PAIRS = Number(process.env.BENCH_WARMUP ?? 300);
const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 6);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 1);
const HISTORY_FILES = Number(process.env.BENCH_HISTORY ?? 0);
const IDLE_MS = Number(process.env.BENCH_IDLE_SECONDS ?? 12) * 1_000;
const BASE = process.env.BENCH_BASE ?? null;
const BACKENDS = (process.env.BENCH_BACKENDS ?? 'postgres,redis').split(',');
const AIM_PAIRS_PER_SECOND = 200;
const TENANT = 'bench';

type Backend = 'postgres' | 'redis';

interface Round {
  readonly pairs: PairsMeasurement;
  /** With the history, where one was asked for. */
  readonly grown: PairsMeasurement | null;
  readonly peers: PeerCosts;
}

const clockOf =
  (measured: Measured): (() => Promise<number>) =>
  async () => {
    const { user, system } = process.cpuUsage();
    const { cpuMs } = await readUsage(measured.product.supervisorPid, new Set(), measured.redisPid);
    return (user + system) / 1_000 + Object.values(cpuMs).reduce((total, each) => total + each, 0);
  };

async function measureProduct(
  label: string,
  product: RunningProduct,
  redis: TestRedis | null,
): Promise<Round> {
  await using probe = await openProbe(product);
  const measured: Measured = { product, probe, redisPid: redis?.pid ?? null };
  await using tenant = await openTenant(product, TENANT, CONNECTIONS);
  await sendPairs(tenant, 0, WARMUP_PAIRS);
  await awaitSurfaced(measured, TENANT, WARMUP_PAIRS);
  const pairs = await measurePairs(measured, tenant, WARMUP_PAIRS, PAIRS, IDLE_MS);
  printMeasurement(label, pairs);
  let grown: PairsMeasurement | null = null;
  if (HISTORY_FILES > 0) {
    await insertHistory(probe, TENANT, HISTORY_FILES);
    grown = await measurePairs(measured, tenant, WARMUP_PAIRS + PAIRS, PAIRS, IDLE_MS);
    printMeasurement(`${label}, ${HISTORY_FILES} files before`, grown);
  }
  const peers = await measurePeers(probe, clockOf(measured), redis?.url ?? null, pairs.rowsPerPair);
  printPeers(peers);
  return { pairs, grown, peers };
}

async function measureBackend(label: string, backend: Backend, root: string | null): Promise<Round> {
  await using redis = backend === 'redis' ? await startRedis() : null;
  const env = { CALLBAY_LOG_LEVEL: 'warn', ...(redis === null ? {} : { REDIS_URL: redis.url }) };
  await using product = await startProduct(env, root === null ? {} : { root });
  return await measureProduct(label, product, redis);
}

const totalOf = ({ queue, insert, read }: PeerCosts): number => queue + insert + read;
const cpuOf = (rounds: readonly Round[]): number[] => rounds.map(({ pairs }) => pairs.perPair.totalCpuMs);

function cpuResult(name: string, ours: readonly number[], peer: number, unit: string): BenchResult {
  const mine = median(ours);
  return {
    name,
    ours: round(mine),
    peer: round(peer),
    unit,
    ratio: round(peer / mine),
    runs: ours.map(round),
  };
}

function summarize(name: string, rounds: readonly Round[], base: readonly Round[]): BenchResult[] {
  const rates = rounds.map(({ pairs }) => pairs.pairsPerSecond);
  const results: BenchResult[] = [
    {
      name: `${name}-rate`,
      ours: round(median(rates)),
      peer: AIM_PAIRS_PER_SECOND,
      unit: 'pairs/s (peer: the aim)',
      ratio: round(median(rates) / AIM_PAIRS_PER_SECOND),
      runs: rates.map(round),
    },
  ];
  const grown = rounds.flatMap((each) => (each.grown === null ? [] : [each.grown.perPair.totalCpuMs]));
  if (grown.length > 0)
    results.push(
      cpuResult(`${name}-history`, grown, median(cpuOf(rounds)), 'CPU ms a pair (peer: with little history)'),
    );
  if (base.length > 0)
    results.push(
      cpuResult(`${name}-base`, cpuOf(rounds), median(cpuOf(base)), 'CPU ms a pair (peer: BENCH_BASE)'),
    );
  const peer = median(rounds.map(({ peers }) => totalOf(peers)));
  const unit = 'CPU ms a pair (peer: bare queue, INSERT, parse and hash)';
  return [...results, cpuResult(name, cpuOf(rounds), peer, unit)];
}

export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  // The embedded default comes last, since the benchmark is named after it.
  for (const backend of ['redis', 'postgres'] as const) {
    if (!BACKENDS.includes(backend)) continue;
    if (backend === 'redis' && !isRedisInstalled()) {
      process.stderr.write('SKIPPED: the hot path with Redis, which is not installed\n');
      continue;
    }
    const [ours, base]: [Round[], Round[]] = [[], []];
    for (let turn = 1; turn <= ROUNDS; turn += 1) {
      if (BASE !== null) base.push(await measureBackend(`base, ${backend}, round ${turn}`, backend, BASE));
      ours.push(await measureBackend(`${backend}, round ${turn}`, backend, null));
    }
    results.push(...summarize(backend === 'redis' ? 'hotpath-redis' : 'hotpath', ours, base));
  }
  return results;
}
