// The long runs, which are too long for `npm test`: `npm run soak` runs them all, `npm run soak -- kill` one.
// SOAK_MINUTES (10) is for how long the steady load lasts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runSteadyLoad } from './steady-load.ts';
import { findW3cSuite } from './w3c-suite.ts';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 10);
const root = join(import.meta.dirname, '..');

/** Runs test files with the numbers of a long run; answers what did not hold. */
async function runTests(files: readonly string[], env: Record<string, string>): Promise<string[]> {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/test.ts'), ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status === 0 ? [] : [`${files.join(', ')} failed`];
}

const runs: Readonly<Record<string, () => Promise<string[]>>> = {
  kill: () =>
    runTests(['tests/kill'], {
      KILLS: process.env.KILLS ?? '100',
      KILL_PAIRS: process.env.KILL_PAIRS ?? '1000',
    }),
  s3: () =>
    runTests(['tests/kill/s3.test.ts'], {
      S3_KILLS: process.env.S3_KILLS ?? '40',
      S3_KILL_PAIRS: process.env.S3_KILL_PAIRS ?? '250',
    }),
  nodes: () =>
    runTests(['tests/nodes'], {
      NODE_PAIRS: process.env.NODE_PAIRS ?? '200',
      NODE_ROWS: process.env.NODE_ROWS ?? '100000',
    }),
  schedules: () => runTests(['packages/postgres/test/schedules.test.ts'], { PROPERTY_RUNS: '2000' }),
  properties: () => runTests(['packages/core/test/calls'], { PROPERTY_RUNS: '20000' }),
  media: () => runTests(['packages/media/test/against-ffprobe.test.ts'], { MEDIA_SOURCES: 'all' }),
  suites: () =>
    runTests(
      ['suites', 'w3c-xml', 'encoding'].map((name) => `packages/metadata/test/${name}.test.ts`),
      { W3C_XML_SUITE: findW3cSuite() },
    ),
  xml: () => runTests(['packages/metadata/test/xml-fuzz.test.ts'], { XML_DOCUMENTS: '60000' }),
  writers: () => runTests(['packages/metadata/test/other-writers.test.ts'], { WRITTEN_RECORDS: '20000' }),
  load: () => runSteadyLoad(MINUTES * 60),
};

const [chosen] = process.argv.slice(2);
if (chosen !== undefined && runs[chosen] === undefined) {
  process.stderr.write(`usage: npm run soak -- [${Object.keys(runs).join(' | ')}]\n`);
  process.exit(2);
}
const wrong: string[] = [];
for (const [name, run] of Object.entries(runs)) {
  if (chosen !== undefined && chosen !== name) continue;
  const startedAt = performance.now();
  process.stdout.write(`\n— ${name}\n`);
  const found = await run();
  wrong.push(...found);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  process.stdout.write(`${name} ${found.length === 0 ? 'held' : 'DID NOT HOLD'} in ${seconds} s\n`);
}
for (const each of wrong) process.stdout.write(`${each}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
