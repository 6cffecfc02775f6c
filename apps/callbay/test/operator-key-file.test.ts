import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { operatorKeyFile } from '../src/operator-key-file.ts';

async function makePath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-operator-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'operator.key');
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('the operator’s key is written whole, for its owner alone', async () => {
  const path = await makePath();
  const file = operatorKeyFile(path);
  expect(await file.read()).toBeNull();
  await file.write('first');
  await file.write('second');
  expect(await file.read()).toBe('second');
  expect(await readFile(path, 'utf8')).toBe('second\n');
  expect(await modeOf(path)).toBe(0o600);
  expect(await readdir(join(path, '..'))).toEqual(['operator.key']);
});

test('a key file that others could read is closed again', async () => {
  const path = await makePath();
  const file = operatorKeyFile(path);
  await file.write('key');
  await chmod(path, 0o644);
  await file.read();
  expect(await modeOf(path)).toBe(0o600);
});
