// From the later receivedAt of a pair to its surfacing, at 20 and at 100 pairs a second over 8 connections, three times each
// on a fresh embedded product. The peers are the aims at the 99th percentile. BENCH_SECONDS (60) and BENCH_ROUNDS (3)
// shorten it.
import { startProduct } from '@callbay/testkit';
import { measureSurfacing, percentiles } from './load.ts';
import { type BenchResult, median, round } from './result.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const CONNECTIONS = 8;
/** The pace that the benchmark is named after comes last. */
const PACES = [
  { name: 'surfacing-100', pairsPerSecond: 100, aimMs: 250 },
  { name: 'surfacing', pairsPerSecond: 20, aimMs: 100 },
] as const;

async function measurePace({ name, pairsPerSecond, aimMs }: (typeof PACES)[number]): Promise<BenchResult> {
  const runs: number[] = [];
  for (let turn = 1; turn <= ROUNDS; turn += 1) {
    await using product = await startProduct({ CALLBAY_LOG_LEVEL: 'warn' });
    const load = { tenantId: `bench${turn}`, pairsPerSecond, seconds: SECONDS, connections: CONNECTIONS };
    const times = await measureSurfacing(product, load);
    const figures = percentiles(times);
    process.stderr.write(
      `${pairsPerSecond} pairs/s, run ${turn}: ${times.length} pairs ${JSON.stringify(figures)} ms\n`,
    );
    runs.push(figures.p99);
  }
  const ours = median(runs);
  return {
    name,
    ours,
    peer: aimMs,
    unit: `ms p99 at ${pairsPerSecond} pairs/s (peer: the aim)`,
    ratio: round(aimMs / ours),
    runs,
  };
}

export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const pace of PACES) results.push(await measurePace(pace));
  return results;
}
