import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectCiphers } from '../src/index.ts';
import { run } from './commands.ts';

test('a process that ends many connections survives its garbage collections, whatever ssh2 was compiled against', async () => {
  const ran = await run(process.execPath, [join(import.meta.dirname, 'churn-ciphers.ts')]);
  expect(ran.code, ran.output).toBe(0);
  expect(['safe used', 'unsafe unused', 'absent unused']).toContain(ran.output);
});

test('compiled ciphers that would abort the process are told from those that would not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-ciphers-'));
  try {
    const path = join(folder, 'sshcrypto.node');
    expect(inspectCiphers(path)).toBe('absent');
    await writeFile(path, '\x7fELF…_ZN4node28RemoveEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_…');
    expect(inspectCiphers(path)).toBe('unsafe');
    await writeFile(path, '\x7fELF…');
    expect(inspectCiphers(path)).toBe('safe');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
