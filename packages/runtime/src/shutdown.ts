import { DRAIN_MS } from './drain.ts';
import type { Logger } from './logger.ts';

export interface ShutdownOptions {
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error' | 'fatal'>;
  /** How long the closing steps may take together before the process ends regardless, with code 1. */
  readonly timeoutMs?: number;
  /** Where signals come from and what ends the process; the real process unless a test says otherwise. */
  readonly host?: ShutdownHost;
}

export interface ShutdownHost {
  on(
    event: 'SIGTERM' | 'SIGINT' | 'uncaughtException' | 'unhandledRejection',
    listener: (cause: unknown) => void,
  ): unknown;
  exit(code: number): void;
}

/** The orderly end of one process. */
export interface Shutdown {
  /**
   * Adds a step; steps run one after another, the last added first, so that what was built on others closes before
   * them.
   */
  add(name: string, close: () => Promise<void> | void): void;
  /** Begins the end, once; `code` is the exit code when all steps succeed. */
  begin(reason: string, code?: number): void;
  /** Aborted when the end begins: for loops that should stop taking work. */
  readonly signal: AbortSignal;
}

/**
 * A second signal within this time is the first one heard twice: a terminal's Ctrl-C reaches the whole process group,
 * and npm passes its own copy on.
 */
const ECHO_MS = 1_000;

interface Step {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

async function runSteps(steps: Step[], logger: ShutdownOptions['logger']): Promise<boolean> {
  let isClean = true;
  for (let step = steps.pop(); step; step = steps.pop()) {
    try {
      await step.close();
    } catch (error) {
      // The others must still get their turn: an unclosed database is worse than one lost step.
      isClean = false;
      logger.error({ err: error, step: step.name }, 'a shutdown step failed');
    }
  }
  return isClean;
}

/**
 * Ends the process in order on SIGTERM or SIGINT: the steps run, then it exits 0. A second signal exits 1 at once. An
 * error nobody caught also begins the end, with code 1: the state it left cannot be trusted.
 */
export function onShutdown(options: ShutdownOptions): Shutdown {
  const { logger, timeoutMs = DRAIN_MS.process, host = process as ShutdownHost } = options;
  const steps: Step[] = [];
  const controller = new AbortController();
  let begunAt: number | null = null;

  const begin = (reason: string, code = 0): void => {
    if (begunAt !== null) return;
    begunAt = performance.now();
    logger.info({ reason }, 'shutting down');
    controller.abort(reason);
    const timer = setTimeout(() => {
      logger.error({ left: steps.map(({ name }) => name) }, 'shutdown took too long');
      host.exit(1);
    }, timeoutMs);
    runSteps(steps, logger).then((isClean) => {
      clearTimeout(timer);
      host.exit(isClean ? code : 1);
    });
  };
  const onSignal = (signal: string): void => {
    if (begunAt === null) {
      begin(signal);
      return;
    }
    if (performance.now() - begunAt < ECHO_MS) return;
    logger.warn({ signal }, 'second signal: ending at once');
    host.exit(1);
  };
  host.on('SIGTERM', () => onSignal('SIGTERM'));
  host.on('SIGINT', () => onSignal('SIGINT'));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    host.on(event, (cause) => {
      logger.fatal({ err: cause }, event);
      begin(event, 1);
    });
  }
  return { add: (name, close) => void steps.push({ name, close }), begin, signal: controller.signal };
}
