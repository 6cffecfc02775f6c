// Runs one benchmark by name, `npm run bench -- surfacing`. Each measures ours and its peer in turn in one run and
// ends with one JSON line: {"name","ours","peer","unit","ratio","runs"}; a ratio over 1 means that we are ahead.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'benchmarks');
const [name] = process.argv.slice(2);
const known = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''));
const file = join(folder, `${name}.ts`);
if (name === undefined || !existsSync(file)) {
  process.stderr.write(`usage: npm run bench -- NAME, where NAME is one of ${known.join(', ')}\n`);
  process.exit(2);
}
const { run } = (await import(file)) as { run(): Promise<BenchResult> };
process.stdout.write(`${JSON.stringify(await run())}\n`);

export interface BenchResult {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly unit: string;
  readonly ratio: number;
  readonly runs: readonly number[];
}
