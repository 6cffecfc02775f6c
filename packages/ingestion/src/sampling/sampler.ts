import { CallbayError, issue, sampleIssue } from '@callbay/core';
import type { YamlValue } from '@callbay/metadata';
import { type ChildPool, createChildPool } from '../reading/child-pool.ts';
import { ReadingFailedError } from '../reading/reading-child.ts';
import type { ReadSample, SampleTask, SampleTasks } from './sample-worker.ts';

/** Reads samples outside this process. */
export interface Sampler extends AsyncDisposable {
  /**
   * What a sample holds. A sample that its process died of, or ran out of time on, comes back as METADATA_INVALID and
   * nothing else. Throws RATE_LIMITED where too many wait already, UNAVAILABLE where no process can be started.
   */
  sample(task: SampleTask): Promise<ReadSample>;
  /** A YAML document as plain values with their places; YAML_INVALID in the same cases. */
  readYaml(bytes: Uint8Array): Promise<YamlValue>;
}

const TIME_LIMIT_MS = 20_000;
const MAX_WAITING = 8;
const HEAP_MB = 256;
const IDLE_MS = 5 * 60_000;

/** At most `processes` child processes, none before the first sample comes. */
export function createSampler({ processes }: { processes: number }): Sampler {
  let pool: ChildPool<SampleTasks> | null = null;
  const start = (): ChildPool<SampleTasks> =>
    createChildPool({
      module: new URL('./sample-worker.ts', import.meta.url),
      processes,
      warm: 0,
      heapMb: HEAP_MB,
      idleMs: IDLE_MS,
    });
  let waiting = 0;
  /** What the process answers, or `otherwise` where it died or ran out of time. */
  const run = async <T>(
    ask: (pool: ChildPool<SampleTasks>, limits: { timeLimitMs: number }) => Promise<T>,
    otherwise: () => T,
  ): Promise<T> => {
    if (waiting >= processes + MAX_WAITING) throw new CallbayError('RATE_LIMITED');
    pool ??= start();
    waiting += 1;
    try {
      return await ask(pool, { timeLimitMs: TIME_LIMIT_MS });
    } catch (error) {
      if (!(error instanceof ReadingFailedError)) throw error;
      return otherwise();
    } finally {
      waiting -= 1;
    }
  };
  return {
    sample: (task) => run<ReadSample>((children, limits) => children.run('sample', task, limits), unreadable),
    readYaml: (bytes) =>
      run<YamlValue>(
        (children, limits) => children.run('yaml', { bytes }, limits),
        () => ({ issues: [sampleIssue('YAML_INVALID', null, TOO_MUCH)] }),
      ),
    [Symbol.asyncDispose]: async () => pool?.[Symbol.asyncDispose](),
  };
}

const TOO_MUCH = 'The file could not be read within the limits of memory and time: send a shorter one.';

const unreadable = (): ReadSample => ({
  format: 'csv',
  encoding: 'unknown',
  delimiter: null,
  rowCount: 0,
  records: [],
  fields: [],
  nested: [],
  warnings: [],
  fileWarnings: [],
  suggestion: { fields: [], options: {}, issues: [] },
  issues: [issue('METADATA_INVALID', TOO_MUCH)],
});
