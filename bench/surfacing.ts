// From the later receivedAt of a pair to its surfacing, at 20 pairs a second over 8 connections, three times on a
// fresh embedded product each. The peer is the promise: 2,000 ms at the 99th percentile.
import { startProduct } from '@callbay/testkit';
import { measureSurfacing, percentiles } from './load.ts';
import { type BenchResult, median, round } from './result.ts';

const PROMISED_MS = 2_000;
const RUNS = 3;
const LOAD = { pairsPerSecond: 20, seconds: Number(process.env.BENCH_SECONDS ?? 60), connections: 8 };

export async function run(): Promise<BenchResult[]> {
  const runs: number[] = [];
  for (let turn = 1; turn <= RUNS; turn += 1) {
    await using product = await startProduct({ CALLBAY_LOG_LEVEL: 'warn' });
    const times = await measureSurfacing(product, { tenantId: `bench${turn}`, ...LOAD });
    const figures = percentiles(times);
    process.stderr.write(`run ${turn}: ${times.length} pairs ${JSON.stringify(figures)} ms\n`);
    runs.push(figures.p99);
  }
  const ours = median(runs);
  return [
    {
      name: 'surfacing',
      ours,
      peer: PROMISED_MS,
      unit: 'ms p99 (peer: the 2 s aim)',
      ratio: round(PROMISED_MS / ours),
      runs,
    },
  ];
}
