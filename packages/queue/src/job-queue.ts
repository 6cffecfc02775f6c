import { CallbayError, type ReadLane } from '@callbay/core';
import type { CrmQueue, JobQueue } from '@callbay/ingestion';
import type { JobsOptions } from 'bullmq';
import { type AnyQueue, openBackend, type QueueBackend } from './backend.ts';
import { CATALOG, type Job, jobKey, parseJob } from './catalog.ts';
import { createPacer } from './pacer.ts';
import { withTimeLimit } from './time-limit.ts';

/** An uploader waits for this answer, and a sweep finds what was not enqueued. */
const ENQUEUE_LIMIT_MS = 5_000;
const PROBE_FIELD = 'callbay.probe';
const START_LIMIT_MS = 30_000;
/** A tenant that sends many files sounds the alarm this often at most: what came meanwhile is one group. */
const ALARM_EVERY_MS = 40;

/** How many jobs are in each state just now. */
export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  /** Waiting for their next attempt. */
  readonly delayed: number;
}

/**
 * The producers' side. Enqueueing a job that waits already is that job; one that runs already runs once more
 * afterwards. Throws a retryable UNAVAILABLE within 5 s where the backend is unavailable: what is not enqueued is found by a
 * sweep.
 */
export interface CallbayQueue extends JobQueue, CrmQueue, AsyncDisposable {
  enqueueMany(jobs: readonly Job[]): Promise<void>;
  queueCounts(): Promise<QueueCounts>;
  /** Writes something small, and resolves to how long it took, in milliseconds. */
  checkHealth(): Promise<number>;
  close(): Promise<void>;
}

interface When {
  /** A job that is to run later is another one than the same job now. */
  readonly afterMs?: number;
  /** Ends the wait of the same job for its next attempt. */
  readonly isUrgent?: boolean;
}

function optionsOf(job: Job, { afterMs = 0, isUrgent = false }: When = {}): JobsOptions {
  const { attempts, backoffMs } = CATALOG[job.name];
  return {
    attempts,
    backoff: { type: 'exponential', delay: backoffMs, jitter: 0.2 },
    deduplication: {
      id: afterMs > 0 ? `${jobKey(job)}-later` : jobKey(job),
      keepLastIfActive: true,
      reschedule: isUrgent,
    },
    delay: afterMs,
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
    throw new CallbayError('UNAVAILABLE', 'The job queue is unavailable.', { cause: error });
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
  const enqueue = async (job: Job, when?: When): Promise<void> => {
    const { name, payload } = parseJob(job.name, job.payload);
    await ask(() => queue.add(name, payload, optionsOf(job, when)));
  };
  const readJob = (tenantId: string, lane: ReadLane): Job => ({
    name: 'tenant.read',
    payload: { tenantId, lane },
  });
  const alarms = createPacer(ALARM_EVERY_MS);
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= alarms.close().finally(() => queue.close());
    return closing;
  };
  return {
    wakeReaders: (tenantId, lane, afterMs = 0) =>
      afterMs > 0
        ? enqueue(readJob(tenantId, lane), { afterMs })
        : alarms.pace(`${lane} ${tenantId}`, () => enqueue(readJob(tenantId, lane), { isUrgent: true })),
    wakeManyReaders: (waiting) => enqueueMany(waiting.map(({ tenantId, lane }) => readJob(tenantId, lane))),
    enqueueCrmImport: (tenantId, type) => enqueue({ name: 'crm.import', payload: { tenantId, type } }),
    enqueueMany,
    queueCounts: async () => {
      const counts = await ask(() => queue.getJobCounts('waiting', 'active', 'delayed'));
      return { waiting: counts.waiting ?? 0, active: counts.active ?? 0, delayed: counts.delayed ?? 0 };
    },
    checkHealth: async () => {
      const startedAt = performance.now();
      // A backend that is full or read-only still answers questions.
      await ask(() => queue.getBackend().setQueueMeta({ [PROBE_FIELD]: Date.now() }));
      return performance.now() - startedAt;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
