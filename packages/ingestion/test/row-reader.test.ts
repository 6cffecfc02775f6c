import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { RowReaderError, type RowReading, startRowReading } from '../src/reading/row-reader.ts';

interface Report {
  readonly rows: number;
  readonly path: string;
  readonly env: string[];
  readonly rssMb: number;
}

const start = (
  options: { rows: number; ending?: string },
  more: { timeLimitMs?: number; signal?: AbortSignal } = {},
): RowReading<Report> =>
  startRowReading({
    module: new URL('./fixtures/row-modules.ts', import.meta.url),
    path: '/some/file.csv',
    options,
    heapMb: 64,
    timeLimitMs: 60_000,
    ...more,
  });

test('rows come through a pipe, the report after the last of them, and the child knows no secret', async () => {
  process.env.CALLBAY_SECRET_KEY_OF_TEST = 'secret';
  await using reading = start({ rows: 300 });
  const rows = await text(reading.rows);
  expect(rows.split('\n').length - 1).toBe(300);
  expect(await reading.report).toMatchObject({ rows: 300, path: '/some/file.csv', env: ['NODE_ENV', 'TZ'] });
  delete process.env.CALLBAY_SECRET_KEY_OF_TEST;
});

test('a reader that does not take its rows stops the child instead of filling its memory', async () => {
  await using reading = start({ rows: 400_000 });
  let taken = 0;
  for await (const chunk of reading.rows) taken += (chunk as Buffer).length;
  expect(taken).toBeGreaterThan(400_000_000);
  // Four hundred megabytes went through. What it holds is what its collector has left so far: 120 to 200 MiB.
  expect((await reading.report).rssMb).toBeLessThan(300);
});

test.each([['throw'], ['exit'], ['eat']])(
  'a child that does `%s` gives its rows and no report',
  async (ending) => {
    await using reading = start({ rows: 3, ending });
    expect((await text(reading.rows)).length).toBeGreaterThan(3_000);
    await expect(reading.report).rejects.toThrow(RowReaderError);
  },
);

test('a child that spins is killed when its time is over', async () => {
  await using reading = start({ rows: 1, ending: 'spin' }, { timeLimitMs: 1_500 });
  await text(reading.rows);
  await expect(reading.report).rejects.toThrow('ran out of time');
});

test('a child whose task is aborted, before or while it runs, ends', async () => {
  const controller = new AbortController();
  await using reading = start({ rows: 1, ending: 'spin' }, { signal: controller.signal });
  for await (const _ of reading.rows) controller.abort(new Error('enough'));
  await expect(reading.report).rejects.toThrow('enough');
  await using never = start({ rows: 1 }, { signal: AbortSignal.abort(new Error('no more')) });
  await expect(never.report).rejects.toThrow('no more');
});

test('a Ctrl-C that reaches the child too is its parent’s to answer', async () => {
  await using reading = start({ rows: 60_000 });
  let isAsked = false;
  for await (const _ of reading.rows) {
    if (isAsked) continue;
    isAsked = true;
    const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    for (const pid of children.trim().split(' ')) process.kill(Number(pid), 'SIGINT');
  }
  expect(await reading.report).toMatchObject({ rows: 60_000 });
});
