import { CallbayError, issue, sampleIssue } from '@callbay/core';
import type { YamlValue } from '@callbay/metadata';
import { Tinypool } from 'tinypool';
import { READING_PROCESS } from '../reading/reading-process.ts';
import type { ReadSample, SampleTask } from './sample-worker.ts';

/** Reads samples outside this process. */
export interface Sampler extends AsyncDisposable {
  /**
   * What a sample holds. A sample that its process died of, or ran out of time on, comes back as METADATA_INVALID and
   * nothing else. Throws RATE_LIMITED where too many wait already.
   */
  sample(task: SampleTask): Promise<ReadSample>;
  /** A YAML document as plain values with their places; YAML_INVALID in the same cases. */
  readYaml(bytes: Uint8Array): Promise<YamlValue>;
}

const TIME_LIMIT_MS = 20_000;
const MAX_WAITING = 8;

/** At most `processes` child processes, none before the first sample comes. */
export function createSampler({ processes }: { processes: number }): Sampler {
  let pool: Tinypool | null = null;
  const start = (): Tinypool =>
    new Tinypool({
      ...READING_PROCESS,
      execArgv: [...READING_PROCESS.execArgv],
      filename: new URL('./sample-worker.ts', import.meta.url).href,
      name: 'sample',
      minThreads: 0,
      maxThreads: processes,
    });
  let waiting = 0;
  /** What the process answers, or `otherwise` where it died or ran out of time. */
  const run = async <T>(name: string, task: object, otherwise: () => T): Promise<T> => {
    if (waiting >= processes + MAX_WAITING) throw new CallbayError('RATE_LIMITED');
    pool ??= start();
    waiting += 1;
    try {
      return (await pool.run(task, { name, signal: AbortSignal.timeout(TIME_LIMIT_MS) })) as T;
    } catch {
      return otherwise();
    } finally {
      waiting -= 1;
    }
  };
  return {
    sample: (task) => run<ReadSample>('sample', task, unreadable),
    readYaml: (bytes) =>
      run<YamlValue>('yaml', { bytes }, () => ({ issues: [sampleIssue('YAML_INVALID', null, TOO_MUCH)] })),
    [Symbol.asyncDispose]: async () => pool?.destroy(),
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
