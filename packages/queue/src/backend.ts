import {
  createPostgresBackend,
  createRedisBackend,
  type Job,
  type Processor,
  type Queue,
  type QueueOptions,
  type Worker,
  type WorkerOptions,
  withBackend,
} from 'bullmq';

/** Where jobs rest: Redis when there is one, else the Postgres that the truth is in, in a schema of their own. */
export type QueueBackend =
  | { readonly redisUrl: string }
  | {
      readonly connectionString: string;
      /** `callbay_queue` unless given. */
      readonly schema?: string;
    };

/** The one queue; a job's name says what to do. */
const QUEUE_NAME = 'callbay';

type Unconnected<Options> = Omit<Options, 'connection'>;

/** What we use of BullMQ's classes, which are typed by their backend. */
export interface AnyQueue extends Pick<Queue, 'add' | 'addBulk' | 'close' | 'getJobCounts'> {
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** The backend itself, for a small write of our own. */
  getBackend(): { setQueueMeta(values: Record<string, number>): Promise<unknown> };
  waitUntilReady(): Promise<unknown>;
}
export interface AnyWorker extends Pick<Worker, 'close' | 'pause'> {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'completed', listener: (job: Job) => void): unknown;
  on(event: 'failed', listener: (job: Job | undefined, error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
}

interface BackendClasses {
  makeQueue(options: Unconnected<QueueOptions>): AnyQueue;
  makeWorker(processor: Processor, options: Unconnected<WorkerOptions>): AnyWorker;
}

function onRedis(redisUrl: string, maxRetriesPerRequest: number | null) {
  return {
    url: redisUrl,
    maxRetriesPerRequest,
    connectTimeout: 5_000,
    // Redis away for a minute is found again within two seconds.
    retryStrategy: (times: number) => Math.min(times * 100, 2_000),
  };
}

function onPostgres(connectionString: string, schema: string, max: number) {
  return {
    connectionString,
    schema,
    max,
    migrate: true,
    keepAlive: true,
    application_name: 'callbay-queue',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    query_timeout: 40_000,
    // A job lost in a crash of the server is made again by a sweep, so that no commit of the queue waits for the disk.
    options: '-c synchronous_commit=off',
  };
}

/** Connections a process holds on Postgres: by its queue, and by its worker with the one that listens. */
export const QUEUE_CONNECTIONS = 2;
export const WORKER_CONNECTIONS = 5;

export function openBackend(backend: QueueBackend): BackendClasses {
  if ('redisUrl' in backend) {
    const { Queue, Worker } = withBackend(createRedisBackend);
    return {
      makeQueue: (options) => new Queue(QUEUE_NAME, { ...options, connection: onRedis(backend.redisUrl, 1) }),
      makeWorker: (processor, options) =>
        new Worker(QUEUE_NAME, processor, { ...options, connection: onRedis(backend.redisUrl, null) }),
    };
  }
  const { connectionString, schema = 'callbay_queue' } = backend;
  const { Queue, Worker } = withBackend(createPostgresBackend);
  return {
    makeQueue: (options) =>
      new Queue(QUEUE_NAME, {
        ...options,
        connection: onPostgres(connectionString, schema, QUEUE_CONNECTIONS),
      }),
    makeWorker: (processor, options) =>
      new Worker(QUEUE_NAME, processor, {
        ...options,
        connection: onPostgres(connectionString, schema, WORKER_CONNECTIONS - 1),
      }),
  };
}
