import { CallbayError } from '@callbay/core';
import type { CrmQueue, JobQueue } from '@callbay/ingestion';
import type { JobsOptions } from 'bullmq';
import { type AnyQueue, openBackend, type QueueBackend } from './backend.ts';
import { CATALOG, type Job, jobKey, parseJob } from './catalog.ts';
import { withTimeLimit } from './time-limit.ts';

/** An uploader waits for this answer, and a sweep finds what was not enqueued. */
const ENQUEUE_LIMIT_MS = 5_000;
const START_LIMIT_MS = 30_000;

/** How many jobs are in each state just now. */
export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  /** Waiting for their next attempt. */
  readonly delayed: number;
}

/**
 * The producers' side. Enqueueing a job that waits already is that job; one that runs already runs once more
 * afterwards. Throws a retryable UNAVAILABLE within 5 s where the backend is away: what is not enqueued is found by a
 * sweep.
 */
export interface CallbayQueue extends JobQueue, CrmQueue, AsyncDisposable {
  enqueueMany(jobs: readonly Job[]): Promise<void>;
  queueCounts(): Promise<QueueCounts>;
  /** How long one question to the backend took, in milliseconds. */
  checkHealth(): Promise<number>;
  close(): Promise<void>;
}

function optionsOf(job: Job): JobsOptions {
  const { attempts, backoffMs } = CATALOG[job.name];
  return {
    attempts,
    backoff: { type: 'exponential', delay: backoffMs, jitter: 0.2 },
    deduplication: { id: jobKey(job), keepLastIfActive: true },
    // An ended job that stayed would keep a sweep from making it again.
    removeOnComplete: true,
    removeOnFail: true,
  };
}

/** Connects, makes the backend's own tables where they are missing, and answers when jobs can be enqueued. */
export async function createJobQueue(
  backend: QueueBackend,
  onError: (error: Error) => void,
): Promise<CallbayQueue> {
  const queue = openBackend(backend).makeQueue({ streams: { events: { maxLen: 100 } } });
  // Without this listener a connection that drops ends the process.
  queue.on('error', onError);
  try {
    await ask(() => queue.waitUntilReady(), START_LIMIT_MS);
  } catch (error) {
    await queue.close();
    throw error;
  }
  return makeHandle(queue);
}

async function ask<T>(question: () => Promise<T>, limitMs = ENQUEUE_LIMIT_MS): Promise<T> {
  try {
    return await withTimeLimit(limitMs, 'The job queue does not answer.', question);
  } catch (error) {
    if (error instanceof CallbayError) throw error;
    throw new CallbayError('UNAVAILABLE', 'The job queue is away.', { cause: error });
  }
}

function makeHandle(queue: AnyQueue): CallbayQueue {
  const enqueueMany = async (jobs: readonly Job[]): Promise<void> => {
    const checked = jobs.map(({ name, payload }) => parseJob(name, payload));
    if (checked.length === 0) return;
    await ask(() =>
      queue.addBulk(checked.map((job) => ({ name: job.name, data: job.payload, opts: optionsOf(job) }))),
    );
  };
  const enqueue = async (job: Job): Promise<void> => {
    const { name, payload } = parseJob(job.name, job.payload);
    await ask(() => queue.add(name, payload, optionsOf(job)));
  };
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= queue.close();
    return closing;
  };
  return {
    enqueueClassify: (tenantId, fileId) => enqueue({ name: 'file.classify', payload: { tenantId, fileId } }),
    enqueueCrmImport: (tenantId, type) => enqueue({ name: 'crm.import', payload: { tenantId, type } }),
    enqueueMany,
    enqueueManyClassify: (files) =>
      enqueueMany(
        files.map(({ tenantId, fileId }) => ({ name: 'file.classify', payload: { tenantId, fileId } })),
      ),
    queueCounts: async () => {
      const counts = await ask(() => queue.getJobCounts('waiting', 'active', 'delayed'));
      return { waiting: counts.waiting ?? 0, active: counts.active ?? 0, delayed: counts.delayed ?? 0 };
    },
    checkHealth: async () => {
      const startedAt = performance.now();
      await ask(() => queue.getJobCounts('active'));
      return performance.now() - startedAt;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
