import { type ChildProcess, spawn } from 'node:child_process';
import { DRAIN_MS, type Logger } from '@callbay/runtime';

/** One child process to keep alive. */
export interface RolePlan {
  /** `intake`, `pipeline`, `api`; with a number where there are several. */
  readonly name: string;
  readonly script: string;
}

export interface KeptRole {
  readonly name: string;
  /** The port of the first ready report; rejects when the role dies too often before it ever served. */
  readonly ready: Promise<number | undefined>;
  readonly pid: number | null;
  /** Starts it anew with another environment. */
  restart(env: RoleEnv): void;
  /** Asks it to drain and resolves when it is gone. */
  stop(): Promise<void>;
}

export type RoleEnv = Readonly<Record<string, string | undefined>>;

export interface KeepOptions {
  readonly logger: Logger;
  readonly env: RoleEnv;
  /** How long a role may drain before it is killed. */
  readonly drainMs?: number;
  readonly firstDelayMs?: number;
  /** Called each time the role serves. */
  readonly onReady?: (name: string, pid: number) => void;
}

const DEFAULT_FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 15_000;
/** Deaths before the first ready report after which starting up is given up. */
const MAX_EARLY_DEATHS = 4;

interface ReadyMessage {
  readonly type: 'ready';
  readonly port?: number;
}

const isReadyMessage = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'ready';

/** Starts a role and starts it again, later and later, whenever it dies. */
export function keepRole(plan: RolePlan, options: KeepOptions): KeptRole {
  const { logger, drainMs = DRAIN_MS.supervisor, firstDelayMs = DEFAULT_FIRST_DELAY_MS } = options;
  const ready = Promise.withResolvers<number | undefined>();
  // Whoever awaits `ready` sees the rejection; a rejection that nobody awaits must not end the process.
  ready.promise.catch(() => undefined);
  const gone = Promise.withResolvers<void>();
  let env = options.env;
  let child: ChildProcess | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isStopping = false;
  let isWanted = false;
  let hasServed = false;
  let deathsInARow = 0;

  const start = (): void => {
    timer = null;
    const started = spawn(process.execPath, [plan.script], {
      env: { ...env },
      // A terminal's Ctrl-C is the supervisor's to answer. Standard output carries the supervisor's ready line alone.
      detached: true,
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    child = started;
    started.on('message', (message) => {
      if (!isReadyMessage(message)) return;
      deathsInARow = 0;
      hasServed = true;
      ready.resolve(message.port);
      options.onReady?.(plan.name, started.pid ?? 0);
    });
    started.once('error', (error) => logger.error({ err: error, child: plan.name }, 'cannot start'));
    started.once('close', (code, signal) => afterDeath(code, signal));
  };

  const afterDeath = (code: number | null, signal: NodeJS.Signals | null): void => {
    child = null;
    if (isStopping) {
      gone.resolve();
      return;
    }
    if (isWanted) {
      isWanted = false;
      start();
      return;
    }
    deathsInARow += 1;
    if (!hasServed && deathsInARow >= MAX_EARLY_DEATHS) {
      ready.reject(
        new Error(`${plan.name} ended ${deathsInARow} times before it served; see its log output above`),
      );
    }
    const delayMs = Math.min(firstDelayMs * 2 ** (deathsInARow - 1), MAX_DELAY_MS);
    logger.warn({ child: plan.name, code, signal, delayMs }, 'a process died; starting it again');
    timer = setTimeout(start, delayMs);
  };

  start();
  return {
    name: plan.name,
    ready: ready.promise,
    get pid() {
      return child?.pid ?? null;
    },
    restart: (newEnv) => {
      env = newEnv;
      isWanted = child !== null;
      child?.kill('SIGTERM');
    },
    stop: async () => {
      isStopping = true;
      if (timer) clearTimeout(timer);
      if (!child) return;
      child.kill('SIGTERM');
      const force = setTimeout(() => {
        logger.error({ child: plan.name }, 'did not drain in time: killing it');
        child?.kill('SIGKILL');
      }, drainMs);
      await gone.promise;
      clearTimeout(force);
    },
  };
}
