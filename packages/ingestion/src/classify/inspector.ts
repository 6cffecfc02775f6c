import { Tinypool } from 'tinypool';
import { READING_PROCESS } from '../reading/reading-process.ts';
import type { Inspection, InspectTask } from './inspect-worker.ts';

/** Reads untrusted bytes outside this process. */
export interface Inspector extends AsyncDisposable {
  /**
   * Rejects where the pool process died or ran out of time: after a few tries that is the file's fault.
   */
  inspect(task: InspectTask): Promise<Inspection>;
}

const BASE_MS = 30_000;
/** A slow disk still hashes this much in a second. */
const BYTES_PER_MS = 20 * 1024;

/** A pool of at most `processes` child processes, started when needed. */
export function createInspector({ processes }: { processes: number }): Inspector {
  const pool = new Tinypool({
    ...READING_PROCESS,
    execArgv: [...READING_PROCESS.execArgv],
    filename: new URL('./inspect-worker.ts', import.meta.url).href,
    name: 'inspect',
    minThreads: 1,
    maxThreads: processes,
  });
  return {
    async inspect(task) {
      const signal = AbortSignal.timeout(BASE_MS + Math.ceil(task.sizeBytes / BYTES_PER_MS));
      try {
        return (await pool.run(task, { signal })) as Inspection;
      } catch (cause) {
        throw new Error('the process that read a file died or ran out of time', { cause });
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
