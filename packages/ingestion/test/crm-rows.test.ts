import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CrmReadOptions, type CrmReadReport, startRowReading } from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbay-crm-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const OPTIONS: CrmReadOptions = {
  type: 'contacts',
  mapping: null,
  encoding: null,
  timeZone: 'UTC',
  receivedAtMs: 0,
  wholeRow: null,
};

async function read(
  path: string,
  given: Partial<CrmReadOptions> = {},
): Promise<{ lines: string; bytes: number; report: CrmReadReport }> {
  await using reading = startRowReading<CrmReadOptions, CrmReadReport>({
    module: new URL('../src/crm/read-crm-rows.ts', import.meta.url),
    path,
    options: { ...OPTIONS, ...given },
    heapMb: 96,
    timeLimitMs: 60_000,
  });
  let [lines, bytes] = ['', 0];
  for await (const chunk of reading.rows) {
    if (bytes < 10_000) lines += (chunk as Buffer).toString();
    bytes += (chunk as Buffer).length;
  }
  return { lines, bytes, report: await reading.report };
}

const save = async (text: string | Buffer): Promise<string> => {
  const path = join(folder, 'contacts.csv');
  await writeFile(path, text);
  return path;
};

async function saveRows(count: number, rowOf: (n: number) => string): Promise<string> {
  const path = join(folder, `${count}.csv`);
  const out = createWriteStream(path);
  out.write('Id,LastName,Notes\n');
  for (let n = 0; n < count; n += 1) if (!out.write(rowOf(n))) await once(out, 'drain');
  out.end();
  await once(out, 'close');
  return path;
}

test('a row becomes one line of COPY, whatever its cells hold', async () => {
  const { lines, report } = await read(
    await save('Id,LastName,AccountId\n"a\\b","tab\there\nand ""quote"" \\n",001D000000IqhSL\n2,,\n'),
  );
  const [first, second] = lines
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  // Undo COPY's own escapes, which are of backslashes alone.
  const plain = (text = ''): string => text.replaceAll('\\\\', '\\');
  expect([first?.[0], plain(first?.[1])]).toEqual(['2', 'a\\b']);
  expect(JSON.parse(plain(first?.[2]))).toEqual({
    accountId: '001D000000IqhSL',
    lastName: 'tab\there\nand "quote" \\n',
  });
  expect(JSON.parse(plain(first?.[3]))).toEqual({ accountId: '001D000000IqhSLIAZ' });
  expect(second).toEqual(['4', '2', '{"accountId":null,"lastName":null}', '{"accountId":null}']);
  expect(report).toMatchObject({ rows: 2, written: 2, errors: [], issues: [] });
});

test('case 78: bad rows by the hundred thousand give a bounded report, and good ones go on', async () => {
  const count = 300_000;
  const { report } = await read(
    await saveRows(count, (n) => (n % 100_000 === 7 ? `${n},a,b\n` : 'no,row\n')),
  );
  expect(report).toMatchObject({ rows: count, written: 3, errorCounts: { METADATA_INVALID: count - 3 } });
  expect(report.errors).toHaveLength(1_000);
  expect(report.errors[999]).toMatchObject({ line: 1_002 });
});

test('case 78: a cell of 64 MB is an error of its row in the memory that there is, and the next row goes in', async () => {
  const path = join(folder, 'cell.csv');
  const out = createWriteStream(path);
  out.write('Id,LastName\n1,"');
  for (let n = 0; n < 64; n += 1) if (!out.write('y'.repeat(1024 * 1024))) await once(out, 'drain');
  out.end('"\n2,Bob\n');
  await once(out, 'close');
  const { report, lines } = await read(path);
  expect(report).toMatchObject({
    rows: 2,
    written: 1,
    errors: [{ line: 2, code: 'ROW_TOO_LARGE' }],
    issues: [],
  });
  expect(lines).toContain('Bob');
});

test('case 78: memory does not grow with the file', async () => {
  const row = (n: number): string => `id${n},Last ${n},${'notes '.repeat(15)}\n`;
  const small = await read(await saveRows(40_000, row));
  const large = await read(await saveRows(400_000, row));
  expect(large.report.written).toBe(400_000);
  // The large file has 44 MB: whoever held it would need that much more. Collectors alone differ by some 20.
  expect(large.report.peakMb).toBeLessThan(small.report.peakMb + 30);
}, 60_000);

test('UTF-16 that ends inside a character is refused, and nothing of it is kept', async () => {
  const bytes = Buffer.from('\ufeffId,LastName\n1,Ann\n', 'utf16le');
  const { report } = await read(await save(bytes.subarray(0, bytes.length - 1)));
  expect(report.issues).toMatchObject([{ code: 'METADATA_INVALID' }]);
});

test('ids that do not ascend may come twice', async () => {
  expect((await read(await save('Id\na\nb\nc\n'))).report.mayRepeatIds).toBe(false);
  expect((await read(await save('Id\na\nb\nb\n'))).report.mayRepeatIds).toBe(true);
});

describe('case 112: bytes that are not UTF-8', () => {
  test('one of them costs its row, and no other row changes', async () => {
    const bytes = Buffer.from('Id,Name\n1,Müller\n2,coup#\n3,Köln\n');
    bytes[bytes.indexOf('#')] = 0xc3;
    const { report, lines } = await read(await save(bytes));
    expect(report).toMatchObject({
      encoding: 'utf-8',
      rows: 3,
      written: 2,
      errors: [{ line: 3, code: 'METADATA_INVALID' }],
      warnings: [],
      issues: [],
    });
    expect(lines).toContain('Müller');
    expect(lines).toContain('Köln');
  });

  test('a broken byte far behind the first pieces costs its row alone, too', async () => {
    const rows = Array.from({ length: 40_000 }, (_, n) => `${n},Jürgen ${n}\n`).join('');
    const bytes = Buffer.from(`Id,Name\n${rows}x,coup#\ny,Zoë\n`);
    bytes[bytes.indexOf('#')] = 0xe8;
    const { report } = await read(await save(bytes));
    expect(report).toMatchObject({ rows: 40_002, written: 40_001, errors: [{ line: 40_002 }], warnings: [] });
  });

  test('are read in the encoding that is set, without a word', async () => {
    const bytes = Buffer.from(
      'Id,Name\n81,\u00a3ukasz Wi\u009cniewski\n82,Ji\u00f8\u00ed Dvo\u00f8\u00e1k\n',
      'latin1',
    );
    const { report, lines } = await read(await save(bytes), { encoding: 'windows-1250' });
    expect(report).toMatchObject({ encoding: 'windows-1250', written: 2, warnings: [] });
    expect(lines).toContain('Łukasz Wiśniewski');
    expect(lines).toContain('Jiří Dvořák');
  });

  test('are read as Windows-1252 where nothing is set, which is reported', async () => {
    const { report, lines } = await read(await save(Buffer.from('Id,Name\n1,Müller\n', 'latin1')));
    expect(report.warnings).toMatchObject([{ code: 'ENCODING_ASSUMED', at: null }]);
    expect(report.warnings[0]?.message).toContain('windows-1252');
    expect(lines).toContain('Müller');
  });
});

test('a workbook under the name of a CSV is named, and nothing of it is read', async () => {
  const { report } = await read(await save(Buffer.from('PK\u0003\u0004 xl/workbook.xml \u0081', 'latin1')));
  expect(report.issues).toMatchObject([{ message: 'This is an Excel workbook: save it as CSV.' }]);
});
