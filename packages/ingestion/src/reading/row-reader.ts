import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface RowReadingTask<Options> {
  /** URL of a module that is a `RowModule<Options, Report>`. */
  readonly module: URL;
  readonly path: string;
  /** Must survive JSON. */
  readonly options: Options;
  readonly heapMb: number;
  readonly timeLimitMs: number;
  readonly signal?: AbortSignal;
}

export interface RowReading<Report> extends AsyncDisposable {
  /**
   * What the module wrote, with backpressure. It may end early where the child died: only the report says that it is
   * whole.
   */
  readonly rows: Readable;
  /**
   * Resolves after the last row, once the child has ended well. Rejects with a RowReaderError where it died, threw or
   * ran out of time: everything read from `rows` must then be discarded.
   */
  readonly report: Promise<Report>;
}

/** The child that read a file died, threw, or ran out of time: after a few tries that is the file's fault. */
export class RowReaderError extends Error {
  override readonly name = 'RowReaderError';
}

/** A small nursery: rows die young, and memory is the same for a thousand of them as for millions. */
const NODE_OPTIONS = ['--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'];

const CHILD = fileURLToPath(new URL('./row-child.ts', import.meta.url));

/**
 * Reads one file's rows in a child process that has a heap limit, a time limit, no secret and no database URL.
 * Disposing kills the child if it still runs, and waits for its end.
 */
export function startRowReading<Options, Report>(task: RowReadingTask<Options>): RowReading<Report> {
  const child = spawn(
    process.execPath,
    [...NODE_OPTIONS, `--max-old-space-size=${task.heapMb}`, CHILD, `${process.pid}`],
    {
      env: { NODE_ENV: 'production', TZ: 'UTC' },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    },
  );
  const ended = waitForEnd(child);
  const stop = (): void => void child.kill('SIGKILL');
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    stop();
  }, task.timeLimitMs);
  task.signal?.addEventListener('abort', stop, { once: true });
  if (task.signal?.aborted) stop();

  const report = (async (): Promise<Report> => {
    const [said, complaint, end] = await Promise.all([
      // A report that breaks off is none; the exit of the child says why.
      text(child.stdio[3] as Readable).catch(() => ''),
      tail(child.stderr as Readable),
      ended,
    ]);
    clearTimeout(timer);
    task.signal?.removeEventListener('abort', stop);
    task.signal?.throwIfAborted();
    if (isLate) throw new RowReaderError('the process that read a file ran out of time');
    if (end !== 0 || said === '') {
      throw new RowReaderError(`the process that read a file ended with ${end}`, { cause: complaint });
    }
    return JSON.parse(said) as Report;
  })();
  // Whoever disposes early may never ask for the report.
  report.catch(() => undefined);
  // A child that dies before it has read its task breaks this pipe; its exit shows why.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(JSON.stringify({ module: task.module.href, path: task.path, options: task.options }));
  return {
    rows: child.stdout as Readable,
    report,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      stop();
      child.stdout?.destroy();
      await ended;
    },
  };
}

/** The exit code, the signal's name, or why the child did not start. */
const waitForEnd = (child: ChildProcess): Promise<number | string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'nothing'));
  });

const TAIL_BYTES = 4_096;

/** The end of what the child complained of; a flood of it is read and forgotten. */
async function tail(stream: Readable): Promise<string> {
  let kept = Buffer.alloc(0);
  try {
    for await (const chunk of stream) kept = Buffer.concat([kept, chunk as Buffer]).subarray(-TAIL_BYTES);
  } catch {
    // What came before the pipe broke is all that there is to say.
  }
  return kept.toString();
}
