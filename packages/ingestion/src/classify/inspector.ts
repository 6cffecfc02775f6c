import { CallbayError } from '@callbay/core';
import { type ChildPool, createChildPool } from '../reading/child-pool.ts';
import { ReadingFailedError } from '../reading/reading-child.ts';
import type { InspectTasks } from './inspect-worker.ts';
import type { Inspection, InspectionFailure, InspectionResult, InspectTask } from './inspection.ts';
import { answersSoon } from './why-unread.ts';

/** Reads untrusted bytes outside this process. */
export interface Inspector extends AsyncDisposable {
  /** Reads one file. Throws an InspectionError where that failed, the signal's reason where it was aborted. */
  inspect(tenantId: string, task: InspectTask, options?: InspectOptions): Promise<Inspection>;
  /**
   * Reads many files, a few dozen to a message, and answers in their order. A file whose process dies or is late costs no
   * other file: what shared a message with it is read again, one by one. Tenants whose messages wait take turns. Throws only
   * the signal's reason.
   */
  inspectMany(
    tenantId: string,
    tasks: readonly InspectTask[],
    signal?: AbortSignal,
  ): Promise<InspectionResult[]>;
}

export interface InspectOptions {
  readonly signal?: AbortSignal;
  /** Reads it with more memory and time; one such file at a time. */
  readonly isHeavy?: boolean;
}

/** Nothing was learned of a file. Only an outage (`store`) is retryable: it says nothing about the file. */
export class InspectionError extends CallbayError {
  readonly failed: InspectionFailure['failed'];

  constructor({ failed, cause }: InspectionFailure) {
    super(failed === 'store' ? 'UNAVAILABLE' : 'INTERNAL', `a file was not read: ${failed}`, { cause });
    this.failed = failed;
  }
}

export interface InspectorOptions {
  readonly processes: number;
  /** Asked when a file is not found or its reading hangs: rejecting makes an outage of that. */
  readonly checkStore?: () => Promise<void>;
  /** What every message may take, beside the time for its bytes. */
  readonly baseLimitMs?: number;
}

/** Files of one message to a process: few enough that one death costs little. */
export const MESSAGE_FILES = 32;
/** Bytes of the files of one message; a larger file has a message of its own. */
export const MESSAGE_BYTES = 8 * 1024 * 1024;

const BASE_MS = 30_000;
/** A slow disk still hashes this much in a second. */
const BYTES_PER_MS = 20 * 1024;
const HEAP_MB = 256;
/** A busy installation is never idle for so long. */
const IDLE_MS = 10 * 60_000;
/** For a file that a process of the usual size failed on. */
const HEAVY_HEAP_MB = 1024;
const HEAVY_TIME = 4;
const HEAVY_IDLE_MS = 10_000;

/** A pool of at most `processes` child processes, the first of them started at once. */
export function createInspector({
  processes,
  checkStore = async () => {},
  baseLimitMs = BASE_MS,
}: InspectorOptions): Inspector {
  const module = new URL('./inspect-worker.ts', import.meta.url);
  const pool: ChildPool<InspectTasks> = createChildPool({
    module,
    processes,
    warm: 1,
    heapMb: HEAP_MB,
    idleMs: IDLE_MS,
  });
  const heavyPool: ChildPool<InspectTasks> = createChildPool({
    module,
    processes: 1,
    warm: 0,
    heapMb: HEAVY_HEAP_MB,
    idleMs: HEAVY_IDLE_MS,
  });

  const hasStore = (): Promise<boolean> =>
    answersSoon(checkStore()).then(
      () => true,
      () => false,
    );

  /** A missing file, or one that hangs, is an outage where the whole store is missing or hangs. */
  const judge = async (result: InspectionResult): Promise<InspectionResult> => {
    if (!('failed' in result) || (result.failed !== 'missing' && result.failed !== 'late')) return result;
    return (await hasStore()) ? result : { ...result, failed: 'store' };
  };

  const readMessage = async (
    tenantId: string,
    part: readonly InspectTask[],
    signal?: AbortSignal,
    children = pool,
  ): Promise<InspectionResult[]> => {
    const bytes = part.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const limitMs = baseLimitMs + Math.ceil(bytes / BYTES_PER_MS);
    const timeLimitMs = children === heavyPool ? limitMs * HEAVY_TIME : limitMs;
    try {
      return await children.run('inspectAll', part, { timeLimitMs, signal, tenantId });
    } catch (error) {
      signal?.throwIfAborted();
      if (part.length > 1 && error instanceof ReadingFailedError) {
        return (await Promise.all(part.map((task) => readMessage(tenantId, [task], signal)))).flat();
      }
      return part.map(() => failureOf(error));
    }
  };

  const inspectMany = async (
    tenantId: string,
    tasks: readonly InspectTask[],
    signal?: AbortSignal,
  ): Promise<InspectionResult[]> => {
    const messages = splitIntoMessages(tasks).map((part) => readMessage(tenantId, part, signal));
    return Promise.all((await Promise.all(messages)).flat().map(judge));
  };

  return {
    inspectMany,
    async inspect(tenantId, task, { signal, isHeavy = false } = {}) {
      const [read] = isHeavy
        ? await readMessage(tenantId, [task], signal, heavyPool)
        : await readMessage(tenantId, [task], signal);
      const result = await judge(read!);
      if ('failed' in result) throw new InspectionError(result);
      return result;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([pool[Symbol.asyncDispose](), heavyPool[Symbol.asyncDispose]()]);
    },
  };
}

function failureOf(error: unknown): InspectionFailure {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof ReadingFailedError)) return { failed: 'store', cause };
  return { failed: error.reason === 'threw' ? 'unreadable' : error.reason, cause };
}

/** Parts of at most MESSAGE_FILES files and MESSAGE_BYTES bytes, in order. */
function splitIntoMessages(tasks: readonly InspectTask[]): InspectTask[][] {
  const parts: InspectTask[][] = [];
  let bytes = 0;
  for (const task of tasks) {
    const last = parts.at(-1);
    bytes += task.sizeBytes;
    if (last === undefined || last.length === MESSAGE_FILES || bytes > MESSAGE_BYTES) {
      parts.push([task]);
      bytes = task.sizeBytes;
    } else last.push(task);
  }
  return parts;
}
