// What an idle product uses in 60 s with 1 tenant and with 1,000 (BENCH_TENANTS), in hundredths of a core: the peer is the
// aim. BENCH_SECONDS changes the time.
import { setTimeout as pause } from 'node:timers/promises';
import { startProduct } from '@callbay/testkit';
import { FLUSH_MS, type Measured, measureIdle } from './hotpath/measure-pairs.ts';
import { openProbe } from './hotpath/open-probe.ts';
import { printCounters, printCpu } from './hotpath/report.ts';
import { type BenchResult, round } from './result.ts';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const TENANTS = Number(process.env.BENCH_TENANTS ?? 1_000);
const AIM_PERCENT = 1;
/** What making a thousand tenants leaves to be done, such as an autovacuum, is over by then. */
const SETTLE_MS = 75_000;

async function measure(measured: Measured, tenants: number): Promise<BenchResult> {
  await pause(FLUSH_MS);
  const { perSecond } = await measureIdle(measured, SECONDS * 1_000);
  process.stderr.write(`idle with ${tenants} tenant(s):\n`);
  printCpu(perSecond, 'a second');
  printCounters(perSecond, 'a second');
  const percent = round(perSecond.totalCpuMs / 10);
  return {
    name: tenants === 1 ? 'idle' : `idle-${tenants}-tenants`,
    ours: percent,
    peer: AIM_PERCENT,
    unit: '% of a core (peer: the aim)',
    ratio: round(AIM_PERCENT / percent),
    runs: [percent],
  };
}

export async function run(): Promise<BenchResult[]> {
  await using product = await startProduct({ CALLBAY_LOG_LEVEL: 'warn' });
  await using probe = await openProbe(product);
  const measured: Measured = { product, probe, redisPid: null };
  await product.makeTenant('bench1');
  const one = await measure(measured, 1);
  for (let n = 2; n <= TENANTS; n += 1) await product.makeTenant(`bench${n}`);
  await pause(SETTLE_MS);
  return [await measure(measured, TENANTS), one];
}
