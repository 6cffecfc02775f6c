import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CallbayError } from '@callbay/core';

/** A task as the pool hands it to a child: it is settled once. */
export interface ReadingTask {
  /** How often it was on its way to a child already dead. */
  returns: number;
  readonly name: string;
  readonly payload: unknown;
  /** Counted from the moment a child begins. */
  readonly timeLimitMs: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** What a child sends: that it is ready, that it has begun its task, or how the task ended. */
export type ChildMessage = { readonly is: 'ready' } | { readonly is: 'begun' } | TaskEnd;

export type TaskEnd =
  | { readonly is: 'done'; readonly result: unknown }
  | { readonly is: 'failed'; readonly message: string; readonly stack: string | undefined };

/** A child that worked on a task died, ran out of time, or threw. */
export class ReadingFailedError extends Error {
  override readonly name = 'ReadingFailedError';
  readonly reason: 'died' | 'late' | 'threw';

  constructor(reason: ReadingFailedError['reason'], message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

export interface ReadingChildOptions {
  /** A module that calls `serveTasks`. */
  readonly module: URL;
  readonly heapMb: number;
  /** The child is ready for its first task, or has ended one. */
  readonly onFree: (child: ReadingChild) => void;
  /**
   * The child is gone. `wasReady` is false where it never became ready; `unbegun` is the task that was on its way to a
   * child already dead, which is nobody's fault.
   */
  readonly onEnd: (child: ReadingChild, end: { wasReady: boolean; unbegun: ReadingTask | null }) => void;
  /** The child was killed seconds ago and still does not end: its disk does not answer. */
  readonly onStuck: () => void;
}

/** Loading the parsers takes a second; a loaded machine may need many times that. */
const START_LIMIT_MS = 60_000;
const STUCK_AFTER_MS = 5_000;
const MAX_RETURNS = 3;
const COMPLAINT_LENGTH = 4_096;

/**
 * One process that reads untrusted bytes, one task at a time, with a heap limit and nothing of our environment. It is
 * ended by SIGKILL: a parser that spins hears no other signal.
 */
export class ReadingChild {
  readonly #options: ReadingChildOptions;
  readonly #process: ChildProcess;
  /** Resolves when the child is gone, or cannot be killed. */
  readonly ended: Promise<void>;
  readonly #resolveEnded: () => void;
  #state: 'starting' | 'idle' | 'busy' | 'killed' | 'stuck' | 'ended' = 'starting';
  #wasReady = false;
  #hasBegun = false;
  #task: ReadingTask | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** The end of what the child wrote to stderr: V8 says there that the heap was full. */
  #complaint = '';

  /** Throws where the system refuses to start a process. */
  constructor(options: ReadingChildOptions) {
    this.#options = options;
    this.#process = fork(fileURLToPath(options.module), [`${process.pid}`], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${options.heapMb}`, '--disable-warning=ExperimentalWarning'],
      env: { NODE_ENV: 'production', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#process.on('message', (message: ChildMessage) => this.#take(message));
    this.#process.once('exit', (code, signal) => this.#end(`ended with ${code ?? signal}`));
    // Without a pid the process never was, and no `exit` follows.
    this.#process.on('error', (error) => {
      if (this.#process.pid === undefined) this.#end(`could not start: ${error.message}`);
      else this.#kill();
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk).slice(-COMPLAINT_LENGTH);
    });
    this.#timer = setTimeout(() => this.#kill(), START_LIMIT_MS);
  }

  get isStarting(): boolean {
    return this.#state === 'starting';
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get isLiving(): boolean {
    return this.#state === 'starting' || this.#state === 'idle' || this.#state === 'busy';
  }

  get isStuck(): boolean {
    return this.#state === 'stuck';
  }

  /** Only an idle child may be given a task. */
  give(task: ReadingTask): void {
    clearTimeout(this.#timer);
    this.#state = 'busy';
    this.#task = task;
    this.#hasBegun = false;
    const isLate = () =>
      this.fail(task, new ReadingFailedError('late', 'the reading process ran out of time'));
    this.#timer = setTimeout(isLate, task.timeLimitMs);
    this.#process.send({ name: task.name, payload: task.payload }, (error) => {
      if (error) this.#kill();
    });
  }

  /** Ends a task that this child is on with `reason`, and the child; false for any other task. */
  fail(task: ReadingTask, reason: unknown): boolean {
    if (this.#task !== task) return false;
    this.#settle()?.reject(reason);
    this.#kill();
    return true;
  }

  /** Calls back when nothing was given for `idleMs`. */
  rest(idleMs: number, whenOver: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(whenOver, idleMs).unref();
  }

  /** Kills the child; its task is told that we are closing. */
  stop(): void {
    this.#settle()?.reject(new CallbayError('UNAVAILABLE', 'The reading processes are being stopped.'));
    this.#kill();
  }

  #take(message: ChildMessage): void {
    if (!this.isLiving) return;
    if (message.is === 'begun') {
      this.#hasBegun = true;
      return;
    }
    if (message.is === 'ready') this.#wasReady = true;
    const task = this.#settle();
    this.#state = 'idle';
    if (message.is === 'done') task?.resolve(message.result);
    if (message.is === 'failed') {
      const cause = Object.assign(new Error(message.message), { stack: message.stack });
      task?.reject(new ReadingFailedError('threw', 'reading a file threw an error', cause));
    }
    this.#options.onFree(this);
  }

  #settle(): ReadingTask | null {
    clearTimeout(this.#timer);
    const task = this.#task;
    this.#task = null;
    return task;
  }

  #kill(): void {
    if (!this.isLiving) return;
    this.#state = 'killed';
    this.#process.kill('SIGKILL');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#state = 'stuck';
      this.#resolveEnded();
      this.#options.onStuck();
    }, STUCK_AFTER_MS);
  }

  #end(how: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    const task = this.#settle();
    const isUnbegun = task !== null && !this.#hasBegun && task.returns < MAX_RETURNS;
    if (isUnbegun) task.returns += 1;
    else {
      const complaint = this.#complaint === '' ? undefined : new Error(this.#complaint);
      task?.reject(new ReadingFailedError('died', `the reading process ${how}`, complaint));
    }
    this.#resolveEnded();
    this.#options.onEnd(this, { wasReady: this.#wasReady, unbegun: isUnbegun ? task : null });
  }
}
