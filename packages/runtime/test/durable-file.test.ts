import { existsSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createFile, makeFolder, replaceFile } from '../src/durable-file.ts';
import { loadSecretKey } from '../src/secret-key.ts';

async function makeTemporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-durable-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

interface Synced {
  readonly what: 'file' | 'folder';
  readonly sizeBytes: number;
  /** Whether the final name was there already when this was synced. */
  readonly isNamed: boolean;
}

/** Watches every sync of this process, and lets it happen. */
async function watchSyncs(folder: string, file: string): Promise<Synced[]> {
  const handle = await open(folder, 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const seen: Synced[] = [];
  const { sync } = prototype;
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    const found = await this.stat();
    const what = found.isDirectory() ? 'folder' : 'file';
    seen.push({ what, sizeBytes: what === 'file' ? found.size : 0, isNamed: existsSync(file) });
    return sync.call(this);
  });
  return seen;
}

test.each([
  ['replaced', (file: string) => replaceFile(file, 'secret')],
  ['created', (file: string) => createFile(file, 'secret')],
])(
  'the content of a %s file is on the disk before its name, and its name before the answer',
  async (_how, write) => {
    const folder = await makeTemporary();
    const file = join(folder, 'password');
    const seen = await watchSyncs(folder, file);
    await write(file);
    expect(seen).toEqual([
      { what: 'file', sizeBytes: 6, isNamed: false },
      { what: 'folder', sizeBytes: 0, isNamed: true },
    ]);
    expect(await readdir(folder)).toEqual(['password']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  },
);

test('the secret key is on the disk before it is used', async () => {
  const folder = await makeTemporary();
  const secretKeyFile = join(folder, 'secret.key');
  const seen = await watchSyncs(folder, secretKeyFile);
  await loadSecretKey({ secretKey: null, secretKeyFile });
  expect(seen.map(({ what, isNamed }) => [what, isNamed])).toEqual([
    ['file', false],
    ['folder', true],
  ]);
});

test('a file that is there is replaced whole, or kept where one was to be created', async () => {
  const file = join(await makeTemporary(), 'marker');
  expect(await createFile(file, 'first')).toBe(true);
  expect(await createFile(file, 'second')).toBe(false);
  expect(await readFile(file, 'utf8')).toBe('first');
  await replaceFile(file, 'third');
  expect(await readFile(file, 'utf8')).toBe('third');
});

test('many that create one file at once leave one whole content', async () => {
  const folder = await makeTemporary();
  const file = join(folder, 'marker');
  const made = await Promise.all(Array.from({ length: 8 }, (_, index) => createFile(file, `${index}`)));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await readFile(file, 'utf8')).toBe(String(made.indexOf(true)));
  expect(await readdir(folder)).toEqual(['marker']);
});

test('a new folder gets its mode whatever the umask, and each missing parent is made durable', async () => {
  const base = await makeTemporary();
  const folder = join(base, 'a', 'b');
  const seen = await watchSyncs(base, folder);
  expect(await makeFolder(folder, 0o700)).toBe(true);
  expect(seen.map(({ what }) => what)).toEqual(['folder', 'folder']);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await makeFolder(folder, 0o777)).toBe(false);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});
