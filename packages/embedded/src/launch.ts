import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import { SYSTEM_PATH } from './cluster.ts';
import { EmbeddedPostgresError } from './errors.ts';
import type { ServerUser } from './identity.ts';
import { readPostmaster } from './postmaster.ts';

const MAX_LOG_BYTES = 16 * 1024 * 1024;
const START_TIMEOUT_MS = 180_000;

export interface LaunchPlan {
  readonly binaries: Binaries;
  readonly user: ServerUser | null;
  readonly data: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: string;
}

async function rotateLog(log: string): Promise<void> {
  try {
    if ((await stat(log)).size > MAX_LOG_BYTES) await rename(log, `${log}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** What the server wrote since `from`, at most its last 4 KB. */
function readLogSince(fd: number, from: number): string {
  const size = fstatSync(fd).size;
  const start = Math.max(from, size - 4_096);
  const buffer = Buffer.alloc(Math.max(0, size - start));
  readSync(fd, buffer, 0, buffer.length, start);
  return buffer.toString('utf8').trim();
}

/**
 * A shell that waits on a pipe of ours: when we die, even by SIGKILL, the pipe ends and it asks the server to stop. The
 * pid file is compared first, so that it never signals a stranger who got the number.
 */
function watchOver(plan: LaunchPlan, pid: number): ChildProcess {
  const script = 'read -r _; read -r now < "$2/postmaster.pid" && [ "$now" = "$1" ] && kill -INT "$1"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'callbay-postgres-watchdog', String(pid), plan.data], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    ...(plan.user ?? {}),
  });
  // Without a watchdog the next start still finds and stops the server.
  watchdog.on('error', () => undefined);
  watchdog.unref();
  return watchdog;
}

function startProcess(plan: LaunchPlan, logFd: number): ChildProcess {
  const args = ['-D', plan.data, '-p', String(plan.port)];
  for (const [name, value] of Object.entries(plan.settings)) args.push('-c', `${name}=${value}`);
  return spawn(plan.binaries.postgres, args, {
    cwd: '/',
    // A Ctrl-C in the terminal is ours to handle; the server must outlive everybody who uses it.
    detached: true,
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', logFd],
    ...(plan.user ?? {}),
  });
}

/** Starts the server and answers once it takes connections. Throws START_FAILED with the server's own last words. */
export async function launch(plan: LaunchPlan): Promise<{ child: ChildProcess; watchdog: ChildProcess }> {
  await rotateLog(plan.log);
  const logFd = openSync(plan.log, 'a+', 0o600);
  const from = fstatSync(logFd).size;
  try {
    const child = startProcess(plan, logFd);
    let spawnError: Error | null = null;
    child.once('error', (error) => {
      spawnError = error;
    });
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < deadline) {
      const postmaster = await readPostmaster(plan.data);
      if (child.pid !== undefined && postmaster?.pid === child.pid && postmaster.isReady) {
        return { child, watchdog: watchOver(plan, child.pid) };
      }
      if (spawnError || child.exitCode !== null || child.signalCode !== null) {
        const words =
          readLogSince(logFd, from) || String(spawnError ?? `exit ${child.exitCode ?? child.signalCode}`);
        throw new EmbeddedPostgresError('START_FAILED', `the embedded Postgres did not start: ${words}`);
      }
      await pause(20);
    }
    child.kill('SIGQUIT');
    throw new EmbeddedPostgresError(
      'START_FAILED',
      `the embedded Postgres was not ready in time; see ${plan.log}`,
    );
  } finally {
    closeSync(logFd);
  }
}
