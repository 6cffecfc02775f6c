// Uploads by OpenSSH's own sftp to ours and to OpenSSH's sshd, in turn on the loopback: one file of 256 MiB, and 200
// files of 2 KB over one connection. Ours syncs each file and its row to the disk before it acknowledges the CLOSE,
// sshd syncs nothing: the lead or lag is at that price. Clock: the client's whole run, with its login.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RunningProduct, startProduct, until } from '@callbay/testkit';
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
async function put(target: SftpTarget, pattern: string): Promise<number> {
  const batch = join(tmpdir(), `callbay-batch-${randomBytes(6).toString('hex')}`);
  await writeFile(batch, `put ${pattern}\n`);
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
    large: { ours: [] as number[], peer: [] as number[] },
    small: { ours: [] as number[], peer: [] as number[] },
  };
  for (let round = 1; round <= ROUNDS; round += 1) {
    await renameAll(folder, round);
    await renameAll(join(folder, 'small'), round);
    rates.large.ours.push(LARGE_MIB / (await put(ours, `${folder}/*.bin`)));
    await settle(product);
    rates.large.peer.push(LARGE_MIB / (await put(sshd, `${folder}/*.bin`)));
    rates.small.ours.push(SMALL_FILES / (await put(ours, `${folder}/small/*`)));
    await settle(product);
    rates.small.peer.push(SMALL_FILES / (await put(sshd, `${folder}/small/*`)));
    await rm(sshd.folder, { recursive: true });
    await mkdir(sshd.folder);
    const last = (values: readonly number[]): string => values.at(-1)?.toFixed(0) ?? '';
    process.stderr.write(
      `round ${round}: 256 MiB ours ${last(rates.large.ours)}, sshd ${last(rates.large.peer)} MiB/s; ` +
        `small files ours ${last(rates.small.ours)}, sshd ${last(rates.small.peer)} files/s\n`,
    );
  }
  return [
    compareRates('sftp-put-small', 'files/s', rates.small.ours, rates.small.peer),
    compareRates('sftp-put', 'MiB/s', rates.large.ours, rates.large.peer),
  ];
}
