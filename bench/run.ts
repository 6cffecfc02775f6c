// Runs one benchmark by name, `npm run bench -- surfacing`. Each measures ours and its peer in turn in one run and
// ends with one JSON line: {"name","ours","peer","unit","ratio","runs"}; a ratio over 1 means that we are ahead.
import type { BenchResult } from './result.ts';

const benchmarks: Readonly<Record<string, () => Promise<{ run(): Promise<readonly BenchResult[]> }>>> = {
  batch: () => import('./batch.ts'),
  feed: () => import('./feed.ts'),
  folder: () => import('./folder.ts'),
  hotpath: () => import('./hotpath.ts'),
  idle: () => import('./idle.ts'),
  surfacing: () => import('./surfacing.ts'),
  purge: () => import('./purge.ts'),
  queue: () => import('./queue.ts'),
  readers: () => import('./readers.ts'),
  s3: () => import('./s3.ts'),
  search: () => import('./search.ts'),
  export: () => import('./export.ts'),
  linkage: () => import('./linkage.ts'),
  listing: () => import('./listing.ts'),
  'crm-import': () => import('./crm-import.ts'),
  'sftp-put': () => import('./sftp-put.ts'),
};

const [name = ''] = process.argv.slice(2);
const load = benchmarks[name];
if (load === undefined) {
  process.stderr.write(
    `usage: npm run bench -- NAME, where NAME is one of ${Object.keys(benchmarks).join(', ')}\n`,
  );
  process.exit(2);
}
const { run } = await load();
// One line for each figure; the one that the benchmark is named after comes last.
for (const result of await run()) process.stdout.write(`${JSON.stringify(result)}\n`);
