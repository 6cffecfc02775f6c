import { CallbayError } from '@callbay/core';
import { ReadingChild, type ReadingChildOptions, type ReadingTask } from './reading-child.ts';
import { TenantQueue } from './tenant-queue.ts';

/** The functions that a module serves, by name. Arguments and results cross a process: plain values only. */
export type TaskTable = Readonly<Record<string, (payload: never) => unknown>>;

export interface ChildPoolOptions {
  /** A module that calls `serveTasks` with a table of the pool's type. */
  readonly module: URL;
  /** The most children at a time. */
  readonly processes: number;
  /** Children started at once and kept, so that no file waits for one to load its parsers. */
  readonly warm: number;
  readonly heapMb: number;
  /** Children beyond `warm` end after so long without a task. */
  readonly idleMs: number;
}

export interface TaskLimits {
  /** Counted from the moment a child begins, not while the task waits for one. */
  readonly timeLimitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whose task it is: tenants whose tasks wait take turns. */
  readonly tenantId?: string;
}

export interface ChildPool<Tasks extends TaskTable> extends AsyncDisposable {
  /**
   * Runs one task in a child of its own. Rejects with a ReadingFailedError where the child died, was late or threw;
   * with the signal's reason where it was aborted; with a retryable UNAVAILABLE where no child can be started or the
   * pool is closing. Callers bound how many tasks wait.
   */
  run<Name extends keyof Tasks & string>(
    name: Name,
    payload: Parameters<Tasks[Name]>[0],
    limits: TaskLimits,
  ): Promise<Awaited<ReturnType<Tasks[Name]>>>;
}

/**
 * Child processes that work one task each. A child may die at any time, idle or busy: at most its own task fails, and
 * another child takes its place. A tenant with many tasks keeps no other tenant's task waiting for more than those that run.
 * Source: ADR 17.
 */
export function createChildPool<Tasks extends TaskTable>(options: ChildPoolOptions): ChildPool<Tasks> {
  const children = new Set<ReadingChild>();
  const waiting = new TenantQueue<ReadingTask>();
  let isClosed = false;

  const refuseWaiting = (count: number, cause?: unknown): void => {
    for (let left = Math.min(count, waiting.size); left > 0; left -= 1) {
      const error = new CallbayError('UNAVAILABLE', 'No reading process could be started.', { cause });
      waiting.take()?.reject(error);
    }
  };

  const start = (): void => {
    try {
      children.add(new ReadingChild({ ...options, onFree, onEnd, onStuck }));
    } catch (cause) {
      refuseWaiting(1, cause);
    }
  };

  const dispatch = (): void => {
    for (const child of children) {
      if (waiting.size === 0) return;
      if (child.isIdle) child.give(waiting.take()!);
    }
    const starting = [...children].filter((child) => child.isStarting).length;
    const wanted = Math.min(waiting.size - starting, options.processes - children.size);
    for (let nth = 0; nth < wanted; nth += 1) start();
    onStuck();
  };

  /** A slot whose child cannot be killed is lost; with all slots lost nobody will ever take a task. */
  const onStuck = (): void => {
    if (children.size === options.processes && [...children].every((child) => child.isStuck)) {
      refuseWaiting(waiting.size);
    }
  };

  const onFree = (child: ReadingChild): void => {
    dispatch();
    if (!child.isIdle) return;
    child.rest(options.idleMs, () => {
      if ([...children].filter((each) => each.isLiving).length > options.warm) child.stop();
    });
  };

  const onEnd: ReadingChildOptions['onEnd'] = (child, { wasReady, unbegun }): void => {
    children.delete(child);
    if (unbegun !== null) waiting.giveBack(unbegun);
    if (isClosed) {
      refuseWaiting(waiting.size);
      return;
    }
    // One refusal for each failed start: children that cannot start are not started in an endless loop.
    if (!wasReady) refuseWaiting(1);
    else if (children.size < options.warm) start();
    dispatch();
  };

  for (let nth = 0; nth < Math.min(options.warm, options.processes); nth += 1) start();

  return {
    run(name, payload, { timeLimitMs, signal, tenantId = '' }) {
      if (isClosed) return Promise.reject(new CallbayError('UNAVAILABLE', 'The pool is closed.'));
      if (signal?.aborted) return Promise.reject(signal.reason);
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const task: ReadingTask = { returns: 0, name, payload, timeLimitMs, resolve, reject };
      const abort = (): void => {
        if (waiting.remove(task)) task.reject(signal?.reason);
        else for (const child of children) if (child.fail(task, signal?.reason)) return;
      };
      signal?.addEventListener('abort', abort, { once: true });
      waiting.add(tenantId, task);
      dispatch();
      const settled = promise.finally(() => signal?.removeEventListener('abort', abort));
      return settled as Promise<Awaited<ReturnType<Tasks[typeof name]>>>;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      refuseWaiting(waiting.size);
      const ends = [...children].map((child) => {
        child.stop();
        return child.ended;
      });
      await Promise.all(ends);
    },
  };
}
