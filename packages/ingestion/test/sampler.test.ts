import { readFile } from 'node:fs/promises';
import { DEFAULT_SETTINGS } from '@callbay/core';
import { afterAll, expect, test } from 'vitest';
import { createSampler } from '../src/index.ts';

const sampler = createSampler({ processes: 1 });
afterAll(() => sampler[Symbol.asyncDispose]());

const suggestion = {
  kind: 'call' as const,
  directions: DEFAULT_SETTINGS.directions,
  givenByName: [],
  hasTimeZone: true,
};
const sample = (text: string, name = 'a.csv') =>
  sampler.sample('acme', { bytes: Buffer.from(text), name, suggestion, maxRecords: 2 });

test('only as many records come back as were asked for', async () => {
  const read = await sample('a,b\n1,2\n3,4\n5,6\n');
  expect(read).toMatchObject({ rowCount: 3, fields: [{ filled: 3 }, { filled: 3 }] });
  expect(read.records.map(({ fields }) => fields)).toEqual([
    { a: '1', b: '2' },
    { a: '3', b: '4' },
  ]);
});

test('a Ctrl-C that reaches the reading process too is its parent’s to answer', async () => {
  const children = () => readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  await sample('a\n1\n');
  const before = await children();
  for (const pid of before.trim().split(' ')) process.kill(Number(pid), 'SIGINT');
  expect((await sample('a\n1\n')).rowCount).toBe(1);
  expect(await children()).toBe(before);
});

test('a sample at its limits, every column an ambiguous date, is read within seconds', async () => {
  const header = Array.from({ length: 199 }, (_, n) => `date ${n}`).join(',');
  const row = Array.from({ length: 199 }, (_, n) => `0${1 + (n % 9)}/0${1 + (n % 7)}/24 6:15:45 PM`).join(
    ',',
  );
  const startedAt = performance.now();
  const read = await sample(`${header}\n${`${row}\n`.repeat(1_000)}`);
  expect(read.fields).toHaveLength(199);
  expect(read.fields[0]?.ambiguous).toHaveLength(3);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

/** Each anchor nine times the one before it. */
const BOMB = `a: &a [x,x]\n${[...'bcdefghi']
  .map((name, n) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[n]}`).join()}]`)
  .join('\n')}\n`;

test.each([
  ['an alias bomb', BOMB, 'a.yml'],
  ['a million brackets', '['.repeat(1_000_000), 'a.json'],
])(
  'what would exhaust the process is refused, and the next sample is read: %s',
  async (_title, text, name) => {
    expect((await sample(text, name)).issues[0]).toMatchObject({ code: 'METADATA_INVALID' });
    expect((await sample('a,b\n1,2\n')).fields).toHaveLength(2);
  },
);

test('samples of a tenant over its own limit are refused, and those of another are read meanwhile', async () => {
  const all = Promise.allSettled(Array.from({ length: 30 }, () => sample('a,b\n1,2\n')));
  const other = { bytes: Buffer.from('a,b\n1,2\n'), name: 'a.csv', suggestion, maxRecords: 0 };
  expect((await sampler.sample('acme2', other)).rowCount).toBe(1);
  const answers = await all;
  const refused = answers.filter((answer) => answer.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'RATE_LIMITED' });
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(9);
});

test('case 112: a sample is read in the encoding that is set', async () => {
  const bytes = Buffer.from('Id,Name\n1,\u00a3ukasz\n', 'latin1');
  const task = { bytes, name: 'x.csv', suggestion, maxRecords: 1 };
  const read = await sampler.sample('acme', { ...task, encoding: 'windows-1250' });
  expect([read.encoding, read.fileWarnings, read.records[0]?.fields.Name]).toEqual([
    'windows-1250',
    [],
    'Łukasz',
  ]);
  const assumed = await sampler.sample('acme', task);
  expect(assumed.fileWarnings).toMatchObject([{ code: 'ENCODING_ASSUMED' }]);
});

test('a sample with a JSON value on each line is a list, and the suggestion says so', async () => {
  const read = await sample('{"a":"1"}\n{"a":"2"}\n', 'x.json');
  expect(read).toMatchObject({ rowCount: 2, suggestion: { options: { manyRecords: true } } });
});
