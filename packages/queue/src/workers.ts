import { CallbayError } from '@callbay/core';
import { type Job as BullJob, UnrecoverableError } from 'bullmq';
import { type AnyWorker, openBackend, type QueueBackend } from './backend.ts';
import { CATALOG, type Job, type JobName, type JobPayload, parseJob } from './catalog.ts';
import { withTimeLimit } from './time-limit.ts';

/** What a handler may want to know beside its payload. */
export interface JobContext {
  /** Aborted when the attempt has taken its time; whatever the handler does afterwards, another attempt may run. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
}

/** A handler for every job. Each may run twice, also at once, and must then change nothing the second time. */
export type JobHandlers = {
  readonly [Name in JobName]: (payload: JobPayload<Name>, context: JobContext) => Promise<void>;
};

/** Called for every attempt, for the log and metrics. */
export interface JobObserver {
  completed(name: string, seconds: number): void;
  /** `isFinal`: no attempt follows, and only a sweep can make the job again. */
  failed(name: string, error: Error, isFinal: boolean): void;
  /** A connection broke; it is made anew by itself. */
  broke(error: Error): void;
}

export interface WorkersOptions {
  readonly backend: QueueBackend;
  readonly handlers: JobHandlers;
  /** How many jobs run at once in this process. */
  readonly concurrency: number;
  readonly observer: JobObserver;
  /** A killed process's jobs run again after this and the half of it. */
  readonly lockForMs?: number;
}

export interface Workers extends AsyncDisposable {
  /** Takes no more jobs, lets the running ones end for at most `drainForMs`, then leaves them to other workers. */
  close(drainForMs?: number): Promise<void>;
}

const DRAIN_FOR_MS = 20_000;
const LOCK_FOR_MS = 10_000;
const IDLE_LOOK_SECONDS = 5;

/**
 * Whether trying again can help: with faults of ours it may (they are often another's outage), with refusals it cannot.
 */
const isFinal = (error: unknown): boolean => error instanceof CallbayError && !error.retryable;

async function runJob(handlers: JobHandlers, job: Job, attempt: number): Promise<void> {
  const limitMs = CATALOG[job.name].timeoutMs;
  await withTimeLimit(limitMs, `The job ${job.name} took over ${limitMs} ms.`, (signal) => {
    const context = { signal, attempt };
    switch (job.name) {
      case 'tenant.read':
        return handlers[job.name](job.payload, context);
      case 'crm.import':
        return handlers[job.name](job.payload, context);
      default:
        throw job satisfies never;
    }
  });
}

function parseOrFail(job: BullJob): Job {
  try {
    return parseJob(job.name, job.data);
  } catch (error) {
    throw new UnrecoverableError(`a job that no catalog of ours made: ${String(error)}`);
  }
}

async function processJob(handlers: JobHandlers, bullJob: BullJob): Promise<void> {
  const job = parseOrFail(bullJob);
  try {
    await runJob(handlers, job, bullJob.attemptsMade + 1);
  } catch (error) {
    if (!isFinal(error)) throw error;
    const final = new UnrecoverableError(error instanceof Error ? error.message : String(error));
    final.cause = error;
    throw final;
  }
}

function observe(worker: AnyWorker, observer: JobObserver): void {
  worker.on('error', (error) => observer.broke(error));
  worker.on('completed', (job) => {
    observer.completed(job.name, ((job.finishedOn ?? 0) - (job.processedOn ?? 0)) / 1000);
  });
  worker.on('failed', (job, error) => {
    const original = error.cause instanceof Error ? error.cause : error;
    const isLast = job === undefined || job.finishedOn !== undefined;
    observer.failed(job?.name ?? 'unknown', original, isLast);
  });
}

/** Connects and runs jobs until closed. A job that its worker's death interrupted runs again elsewhere. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { backend, handlers, concurrency, observer, lockForMs = LOCK_FOR_MS } = options;
  const worker = openBackend(backend).makeWorker((job) => processJob(handlers, job), {
    concurrency,
    lockDuration: lockForMs,
    stalledInterval: lockForMs / 2,
    // A job is stalled by the deaths of its workers, which are seldom its own fault.
    maxStalledCount: 5,
    runRetryDelay: 500,
    // New jobs wake an idle worker. Where a connection broke and a wake-up was missed, it looks again this soon, in seconds.
    drainDelay: IDLE_LOOK_SECONDS,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  observe(worker, observer);
  await worker.waitUntilReady();
  let closing: Promise<void> | null = null;
  const close = (drainForMs = DRAIN_FOR_MS): Promise<void> => {
    closing ??= drain(worker, drainForMs);
    return closing;
  };
  return { close, [Symbol.asyncDispose]: close };
}

async function drain(worker: AnyWorker, drainForMs: number): Promise<void> {
  const drained = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => drained.resolve('late'), drainForMs);
  const end = await Promise.race([worker.pause(), drained.promise]);
  clearTimeout(timer);
  await worker.close(end === 'late');
}
