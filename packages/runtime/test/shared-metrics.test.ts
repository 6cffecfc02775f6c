import { expect, test } from 'vitest';
import { createMetrics, readAllMetrics, type SnapshotStore, shareMetrics } from '../src/index.ts';

/** A store that keeps JSON, as a database does. */
function memoryStore() {
  const rows = new Map<string, string>();
  const written: (() => void)[] = [];
  const store: SnapshotStore = {
    write: async ({ process, metrics }) => {
      rows.set(process, JSON.stringify(metrics));
      for (const tell of written.splice(0)) tell();
    },
    remove: async (process) => void rows.delete(process),
    listOthers: async (own) =>
      [...rows].filter(([process]) => process !== own).map(([, text]) => ({ metrics: JSON.parse(text) })),
  };
  const nextWrite = () => new Promise<void>((resolve) => written.push(resolve));
  return { store, rows, nextWrite };
}

const startProcess = (store: SnapshotStore, role: string, process: string, everyMs = 3_600_000) => {
  const labels = { role, process };
  const metrics = createMetrics({ withProcess: true, labels });
  const errors: unknown[] = [];
  const sharing = {
    registry: metrics.registry,
    labels,
    store,
    everyMs,
    onError: (error: unknown) => errors.push(error),
  };
  return { metrics, sharing, errors };
};

test('the metrics of every process are told by the one that is asked, each under its role and process', async () => {
  const { store, nextWrite } = memoryStore();
  const api = startProcess(store, 'api', 'a:1');
  for (const [process, count] of [
    ['a:2', 3],
    ['a:3', 4],
  ] as const) {
    const intake = startProcess(store, 'intake', process);
    intake.metrics.filesReceived.inc({ drop: 'sftp' }, count);
    const first = nextWrite();
    shareMetrics(intake.sharing);
    await first;
  }
  const text = await readAllMetrics(api.sharing);
  const series = (start: string) => text.split('\n').filter((line) => line.startsWith(start));
  expect(series('callbay_files_received_total')).toEqual([
    expect.stringMatching(/\{(?=.*drop="sftp")(?=.*role="intake")(?=.*process="a:2").*\} 3$/),
    expect.stringMatching(/\{(?=.*drop="sftp")(?=.*role="intake")(?=.*process="a:3").*\} 4$/),
  ]);
  expect(series('# TYPE callbay_files_received_total')).toEqual([
    '# TYPE callbay_files_received_total counter',
  ]);
  expect(series('process_start_time_seconds')).toHaveLength(3);
  expect(series('callbay_sftp_sessions{')).toHaveLength(2);
  // Every line is one that Prometheus takes: a number or NaN last.
  for (const line of text.split('\n').filter((l) => l !== '' && !l.startsWith('#')))
    expect(line).toMatch(/^[a-z_\d]+(\{.*\})? ([-+.\de]+|NaN|[+-]Inf)$/i);
});

test('metrics are left again and again, and go when the process ends in order', async () => {
  const { store, rows, nextWrite } = memoryStore();
  const { metrics, sharing } = startProcess(store, 'intake', 'a:2', 1);
  const shared = shareMetrics(sharing);
  await nextWrite();
  metrics.uploadsFailed.inc(7);
  await nextWrite();
  await nextWrite();
  expect(rows.get('a:2')).toContain('"value":7');
  await shared.stop();
  expect([...rows]).toEqual([]);
});

test('a store that is away is told of once, and our own metrics are told all the same', async () => {
  const away = async () => Promise.reject(new Error('away'));
  let turns = 0;
  const third = Promise.withResolvers<void>();
  const write = async () => {
    turns += 1;
    if (turns === 3) third.resolve();
    return away();
  };
  const { sharing, errors } = startProcess(
    { write, remove: away, listOthers: away },
    ...(['api', 'a:1', 1] as const),
  );
  const shared = shareMetrics(sharing);
  await third.promise;
  expect(errors).toHaveLength(1);
  expect(await readAllMetrics(sharing)).toMatch(/callbay_backlog_age_seconds\{.*role="api".*\} 0/);
  expect(errors).toHaveLength(2);
  await shared.stop();
});
