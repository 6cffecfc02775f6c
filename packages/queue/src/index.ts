/**
 * The queue: jobs that say whose what to look at, on Redis or on Postgres. It never holds content, never decides
 * anything, and may lose everything, since Postgres holds the due times and sweeps find them. The apps build it;
 * `ingestion` knows it as the port `JobQueue`.
 */
export { QUEUE_CONNECTIONS, type QueueBackend, WORKER_CONNECTIONS } from './backend.ts';
export { CATALOG, type Job, type JobName, type JobPayload } from './catalog.ts';
export { type CallbayQueue, createJobQueue, type QueueCounts } from './job-queue.ts';
export { askRedis, pingRedis } from './ping-redis.ts';
export {
  type JobContext,
  type JobHandlers,
  type JobObserver,
  startWorkers,
  type Workers,
  type WorkersOptions,
} from './workers.ts';
