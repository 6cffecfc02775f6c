/**
 * How long each part may take to end in order, each inside the next: whoever waits for another waits longer than the
 * other may take. With these the wrong way round a process is killed while it still keeps its promises.
 */
export const DRAIN_MS = {
  /** A door's transfers and a worker's jobs. */
  work: 20_000,
  /** A process, from the signal to its exit. */
  process: 25_000,
  /** The supervisor waits so long for a process before it kills it. */
  supervisor: 30_000,
  /** The whole of `callbay up`: its processes, then Postgres, which gets 30 s before it is made to stop. */
  installation: 75_000,
} as const;
