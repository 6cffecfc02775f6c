// Uploads by OpenSSH's own sftp to ours and to OpenSSH's sshd, in turn on the loopback: one file of 256 MiB, and 200
// files of 2 KB over one connection. Ours syncs each file and its row to the disk before it acknowledges the CLOSE. Of
// small files sshd is measured twice: as it is, which syncs nothing, and with `put -f`, which has each file synced but
// not its folder. The pipeline is stopped while small files are put, so that both sides only receive; its CPU for reading
// them afterwards is listed apart. Clock: the client's whole run, with its login.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RunningProduct, startProduct, until } from '@callbay/testkit';
import { readUsage } from './hotpath/process-tree.ts';
import { type BenchResult, compareRates } from './result.ts';
import { findMissing, type SftpTarget, startSshd } from './sshd.ts';

const ROUNDS = 5;
const LARGE_MIB = 256;
const SMALL_FILES = 200;
const SMALL_BYTES = 2_048;
const TENANT = 'bench';
const LIMIT_MS = 120_000;

/** The same for both, whatever the client would choose. */
const OPTIONS = [
  '-F',
  '/dev/null',
  '-oStrictHostKeyChecking=no',
  '-oUserKnownHostsFile=/dev/null',
  '-oLogLevel=ERROR',
  '-oBatchMode=yes',
  '-oIdentitiesOnly=yes',
  '-oCiphers=aes128-gcm@openssh.com',
];

/** Puts the files that `pattern` names; answers the seconds it took. Throws where one was not taken. */
async function put(target: SftpTarget, pattern: string, flags = ''): Promise<number> {
  const batch = join(tmpdir(), `callbay-batch-${randomBytes(6).toString('hex')}`);
  await writeFile(batch, `put ${flags} ${pattern}\n`);
  const startedAt = performance.now();
  try {
    await promisify(execFile)(
      'sftp',
      [...OPTIONS, '-i', target.keyFile, '-P', `${target.port}`, '-b', batch, `${target.username}@127.0.0.1`],
      { timeout: LIMIT_MS },
    );
    return (performance.now() - startedAt) / 1_000;
  } finally {
    await rm(batch);
  }
}

const readCpu = async (product: RunningProduct) =>
  (await readUsage(product.supervisorPid, new Set(), null)).cpuMs;

interface SmallRound {
  readonly filesPerSecond: number;
  /** CPU milliseconds of a file: to receive it, and of the pipeline and its pool to read it. */
  readonly cpu: { readonly intake: number; readonly postgres: number; readonly reading: number };
}

/** Puts the small files while the pipeline is stopped, then lets it read them. */
async function putSmall(product: RunningProduct, ours: SftpTarget, pattern: string): Promise<SmallRound> {
  const pipeline = (await product.pids()).pipeline!;
  const before = await readCpu(product);
  process.kill(pipeline, 'SIGSTOP');
  let seconds: number;
  let received: Awaited<ReturnType<typeof readCpu>>;
  try {
    seconds = await put(ours, pattern);
    received = await readCpu(product);
  } finally {
    process.kill(pipeline, 'SIGCONT');
  }
  await settle(product);
  const after = await readCpu(product);
  return {
    filesPerSecond: SMALL_FILES / seconds,
    cpu: {
      intake: (received.intake - before.intake) / SMALL_FILES,
      postgres: (received.postgres - before.postgres) / SMALL_FILES,
      reading: (after.pipeline + after.pool - received.pipeline - received.pool) / SMALL_FILES,
    },
  };
}

/** Waits until ours has read all it was sent, so that its own reading does not slow its peer's turn. */
async function settle(product: RunningProduct): Promise<void> {
  await until(
    'every file read',
    async () => {
      const files = await product.listAll<{ sha256: string | null }>(`/v1/tenants/${TENANT}/files`);
      return files.every((file) => file.sha256 !== null);
    },
    LIMIT_MS,
  );
}

async function makeFiles(folder: string): Promise<void> {
  await mkdir(join(folder, 'small'));
  await writeFile(join(folder, 'large.bin'), Buffer.alloc(LARGE_MIB * 2 ** 20, randomBytes(2 ** 20)));
  for (let n = 0; n < SMALL_FILES; n += 1) {
    await writeFile(join(folder, 'small', `s${n}.bin`), randomBytes(SMALL_BYTES));
  }
}

/** Other names for the next round, as a customer's next files have: ours keeps every version of one name. */
async function renameAll(folder: string, round: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith('.bin'))
      await rename(join(folder, name), join(folder, `r${round}-${name.split('-').at(-1)}`));
  }
}

export async function run(): Promise<BenchResult[]> {
  const missing = findMissing();
  if (missing !== null) {
    process.stderr.write(`SKIPPED: sftp-put, since ${missing}\n`);
    return [];
  }
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'callbay-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await makeFiles(folder);
  const sshd = stack.use(await startSshd());
  const product = stack.use(await startProduct({ CALLBAY_LOG_LEVEL: 'warn' }));
  const user = await product.makeTenant(TENANT);
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, user.privateKey, { mode: 0o600 });
  const ours: SftpTarget = { port: product.sftpPort, username: user.username, keyFile };

  const rates = {
    large: { ours: [] as number[], sshd: [] as number[] },
    small: { ours: [] as number[], sshd: [] as number[], synced: [] as number[] },
  };
  for (let round = 1; round <= ROUNDS; round += 1) {
    await renameAll(folder, round);
    await renameAll(join(folder, 'small'), round);
    rates.large.ours.push(LARGE_MIB / (await put(ours, `${folder}/*.bin`)));
    await settle(product);
    rates.large.sshd.push(LARGE_MIB / (await put(sshd, `${folder}/*.bin`)));
    const small = await putSmall(product, ours, `${folder}/small/*`);
    rates.small.ours.push(small.filesPerSecond);
    rates.small.sshd.push(SMALL_FILES / (await put(sshd, `${folder}/small/*`)));
    rates.small.synced.push(SMALL_FILES / (await put(sshd, `${folder}/small/*`, '-f')));
    await rm(sshd.folder, { recursive: true });
    await mkdir(sshd.folder);
    const last = (values: readonly number[]): string => values.at(-1)?.toFixed(0) ?? '';
    const { intake, postgres, reading } = small.cpu;
    process.stderr.write(
      `round ${round}: 256 MiB ours ${last(rates.large.ours)}, sshd ${last(rates.large.sshd)} MiB/s; small files ours ` +
        `${last(rates.small.ours)}, sshd ${last(rates.small.sshd)}, sshd with put -f ${last(rates.small.synced)} a second; ` +
        `CPU of a small file: intake ${intake.toFixed(2)}, Postgres ${postgres.toFixed(2)} ms; ` +
        `reading it afterwards: pipeline and pool ${reading.toFixed(2)} ms\n`,
    );
  }
  return [
    compareRates(
      'sftp-put-small',
      'files/s (peer: sshd, nothing synced)',
      rates.small.ours,
      rates.small.sshd,
    ),
    compareRates(
      'sftp-put-small-synced',
      'files/s (peer: sshd, put -f)',
      rates.small.ours,
      rates.small.synced,
    ),
    compareRates('sftp-put', 'MiB/s', rates.large.ours, rates.large.sshd),
  ];
}
