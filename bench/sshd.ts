import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from '@callbay/embedded';
import { until } from '@callbay/testkit';

/** A server that OpenSSH's sftp can put files on. */
export interface SftpTarget {
  readonly port: number;
  readonly username: string;
  readonly keyFile: string;
}

export interface RunningSshd extends AsyncDisposable, SftpTarget {
  /** Where the files land. */
  readonly folder: string;
}

const sshdPath = (): string | null => {
  const found = spawnSync('sh', ['-c', 'PATH="$PATH:/usr/sbin" command -v sshd']);
  return found.status === 0 ? found.stdout.toString().trim() : null;
};

/** Why there is nothing to compare with on this host, or null. */
export function findMissing(): string | null {
  if (sshdPath() === null) return 'sshd is not installed (apt-get install openssh-server)';
  if (spawnSync('sftp', ['-V']).error) return 'sftp is not installed (apt-get install openssh-client)';
  return null;
}

/** The folder that sshd, as root, wants for its unprivileged half; answers how to leave none behind. */
async function makePrivilegeFolder(): Promise<() => Promise<void>> {
  const made = userInfo().uid === 0 ? await mkdir('/run/sshd', { recursive: true, mode: 0o755 }) : undefined;
  return async () => {
    if (made !== undefined) await rm(made, { recursive: true });
  };
}

const isListening = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Refused, until it listens; what awaits this has a limit.
    return false;
  } finally {
    socket.destroy();
  }
};

async function stopSshd(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

/** OpenSSH's server as an ordinary process on the loopback, with keys and files in a folder of its own. */
export async function startSshd(): Promise<RunningSshd> {
  await using started = new AsyncDisposableStack();
  started.defer(await makePrivilegeFolder());
  const folder = await mkdtemp(join(tmpdir(), 'callbay-sshd-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const files = join(folder, 'files');
  await mkdir(files);
  const makeKey = (name: string) =>
    promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  await makeKey('host');
  await makeKey('user');
  const port = await findFreePort(0);
  const settings = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/user.pub`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    `Subsystem sftp internal-sftp -d ${files}`,
  ];
  await writeFile(join(folder, 'sshd_config'), `${settings.join('\n')}\n`);
  const child = spawn(sshdPath()!, ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.defer(() => stopSshd(child));
  let words = '';
  child.stderr.on('data', (bytes: Buffer) => {
    words += bytes;
  });
  await until('sshd listening', async () => {
    if (child.exitCode !== null) throw new Error(`sshd did not start: ${words}`);
    return isListening(port);
  });
  const stack = started.move();
  return {
    port,
    username: userInfo().username,
    keyFile: join(folder, 'user'),
    folder: files,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
