import { issue, sampleIssue } from '@callbay/core';
import type { YamlValue } from '@callbay/metadata';
import { type ChildPool, createChildPool } from '../reading/child-pool.ts';
import { ReadingFailedError } from '../reading/reading-child.ts';
import { Turns } from '../turns.ts';
import type { ReadSample, SampleTask, SampleTasks } from './sample-worker.ts';

/** Reads samples outside this process. Tenants take turns, and one tenant never takes all the processes. */
export interface Sampler extends AsyncDisposable {
  /**
   * What a sample holds. A sample that its process died of, or ran out of time on, comes back as METADATA_INVALID and
   * nothing else. Throws RATE_LIMITED where too many of the tenant's own wait already, UNAVAILABLE where no process can be started.
   */
  sample(tenantId: string, task: SampleTask): Promise<ReadSample>;
  /** A YAML document as plain values with their places; YAML_INVALID in the same cases. */
  readYaml(tenantId: string, bytes: Uint8Array): Promise<YamlValue>;
}

const TIME_LIMIT_MS = 20_000;
const MAX_WAITING_PER_TENANT = 8;
const HEAP_MB = 256;
const IDLE_MS = 5 * 60_000;

/** At most `processes` child processes, none before the first sample comes. */
export function createSampler({ processes }: { processes: number }): Sampler {
  const perKey = Math.max(1, processes - 1);
  const turns = new Turns({ total: processes, perKey, waitingPerKey: MAX_WAITING_PER_TENANT });
  let pool: ChildPool<SampleTasks> | null = null;
  const start = (): ChildPool<SampleTasks> =>
    createChildPool({
      module: new URL('./sample-worker.ts', import.meta.url),
      processes,
      warm: 0,
      heapMb: HEAP_MB,
      idleMs: IDLE_MS,
    });
  /** What the process answers, or `otherwise` where it died or ran out of time. */
  const run = <T>(
    tenantId: string,
    ask: (pool: ChildPool<SampleTasks>, limits: { timeLimitMs: number }) => Promise<T>,
    otherwise: () => T,
  ): Promise<T> =>
    turns.run(tenantId, async () => {
      pool ??= start();
      try {
        return await ask(pool, { timeLimitMs: TIME_LIMIT_MS });
      } catch (error) {
        if (!(error instanceof ReadingFailedError)) throw error;
        return otherwise();
      }
    });
  return {
    sample: (tenantId, task) =>
      run<ReadSample>(tenantId, (children, limits) => children.run('sample', task, limits), unreadable),
    readYaml: (tenantId, bytes) =>
      run<YamlValue>(tenantId, (children, limits) => children.run('yaml', { bytes }, limits), unreadableYaml),
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
  system: null,
  warnings: [],
  fileWarnings: [],
  suggestion: { fields: [], options: {}, issues: [] },
  issues: [issue('METADATA_INVALID', TOO_MUCH)],
});

const unreadableYaml = (): YamlValue => ({ issues: [sampleIssue('YAML_INVALID', null, TOO_MUCH)] });
