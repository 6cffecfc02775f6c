import { setInterval as every } from 'node:timers/promises';
import { type RunningProduct, startProduct } from '@callbay/testkit';
import { measureSurfacing, percentiles } from './load.ts';
import { findRising, type MemoryReading, readMemory } from './memory.ts';

const PROMISED_MS = 2_000;
const READ_EVERY_MS = 5_000;
/** Fewer are all from the time when everything is still warming up. */
const MIN_READINGS = 48;
const LOAD = { tenantId: 'soak', pairsPerSecond: 20, connections: 8 };

const format = (reading: MemoryReading): string =>
  Object.entries(reading)
    .map(([name, mib]) => `${name} ${mib.toFixed(0)}`)
    .join(', ');

/** Reads until told to stop, and has the API walk a page of calls and files each time, as people do. */
async function watchMemory(product: RunningProduct, signal: AbortSignal): Promise<MemoryReading[]> {
  const readings: MemoryReading[] = [];
  try {
    for await (const _ of every(READ_EVERY_MS, undefined, { signal })) {
      for (const list of ['calls', 'files'])
        await product.api('GET', `/v1/tenants/${LOAD.tenantId}/${list}?limit=500`);
      const reading = await readMemory(product);
      readings.push(reading);
      if (readings.length % 6 === 1) process.stdout.write(`MiB: ${format(reading)}\n`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return readings;
}

/** Surfaces 20 pairs a second for so many seconds; answers what did not hold: the 2 s aim, or bounded memory. */
export async function runSteadyLoad(seconds: number): Promise<string[]> {
  await using product = await startProduct({ CALLBAY_LOG_LEVEL: 'warn' });
  const done = new AbortController();
  const watching = watchMemory(product, done.signal);
  const times = await measureSurfacing(product, { ...LOAD, seconds });
  done.abort();
  const readings = await watching;
  const figures = percentiles(times);
  process.stdout.write(`${times.length} pairs surfaced: ${JSON.stringify(figures)} ms\n`);
  const wrong = findRising(readings).map((name) => `the memory of ${name} still rises`);
  if (readings.length < MIN_READINGS) wrong.push('too short to judge memory: give it SOAK_MINUTES=5 or more');
  if (figures.p99 > PROMISED_MS) wrong.push(`p99 is ${figures.p99} ms`);
  return wrong;
}
