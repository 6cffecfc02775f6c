import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type MetadataFormat, parseMetadata } from '../src/index.ts';

const RECORDS = Number(process.env.WRITTEN_RECORDS ?? 1_000);
const SEED = 20_261_201;

interface Written {
  readonly fields: Readonly<Record<string, string>>;
  readonly written: Readonly<Record<MetadataFormat, string>>;
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

test.runIf(hasPython)(
  `case 70: ${RECORDS} records by the writers of another language come out of every format to the letter`,
  () => {
    const script = join(import.meta.dirname, 'write-records.py');
    const { stdout, stderr, status } = spawnSync('python3', [script, String(RECORDS), String(SEED)], {
      encoding: 'utf8',
      maxBuffer: 1024 ** 3,
      env: { PATH: process.env.PATH ?? '', PYTHONIOENCODING: 'utf-8' },
    });
    expect([status, stderr]).toEqual([0, '']);
    const count: Record<string, number> = {};
    const wrong: unknown[] = [];
    for (const line of stdout.trimEnd().split('\n')) {
      const { fields, written } = JSON.parse(line) as Written;
      for (const [format, hex] of Object.entries(written)) {
        const bytes = Buffer.from(hex, 'hex');
        const parsed = parseMetadata({ bytes, format: format as MetadataFormat });
        const found = parsed.records[0]?.fields;
        const isSame =
          parsed.issues.length === 0 &&
          Object.entries(fields).every(([key, text]) => found?.[key] === text) &&
          Object.keys(found ?? {}).length === Object.keys(fields).length;
        if (isSame) count[format] = (count[format] ?? 0) + 1;
        else if (wrong.length < 5)
          wrong.push({ format, fields, found, issues: parsed.issues, text: bytes.toString() });
      }
    }
    process.stdout.write(
      `written elsewhere, read to the letter: ${JSON.stringify(count)} of ${RECORDS} each\n`,
    );
    process.stdout.write(
      'YAML leaves out records with line breaks of YAML 1.1, which YAML 1.2 does not have.\n',
    );
    expect(wrong).toEqual([]);
    for (const format of ['json', 'csv', 'xml']) expect(count[format]).toBe(RECORDS);
  },
  600_000,
);
