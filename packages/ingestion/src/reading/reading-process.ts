const HEAP_MB = 256;

/** A process that reads untrusted bytes: one task at a time, a heap limit, and nothing of our environment. */
export const READING_PROCESS = {
  runtime: 'child_process',
  idleTimeout: 60_000,
  concurrentTasksPerWorker: 1,
  serialization: 'advanced',
  execArgv: [`--max-old-space-size=${HEAP_MB}`, '--disable-warning=ExperimentalWarning'],
  env: { NODE_ENV: 'production', TZ: 'UTC' },
} as const;
