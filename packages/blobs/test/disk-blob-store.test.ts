import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createDiskBlobStore } from '../src/index.ts';
import { describeBlobStore } from './blob-store-conformance.ts';

/** No process may have so many files open. */
const NO_DESCRIPTOR = 1_000_000_000;

const makeRoot = () => mkdtemp(join(tmpdir(), 'callbay-blobs-'));

describeBlobStore('the disk blob store', async () => {
  const root = await makeRoot();
  return {
    store: createDiskBlobStore({ root: join(root, 'made', 'by', 'it') }),
    dispose: () => rm(root, { recursive: true, force: true }),
  };
});

/** Another file system than the temporary folder's, to make rename fail with EXDEV. */
const OTHER_FILE_SYSTEM = '/dev/shm';

test.skipIf(!existsSync(OTHER_FILE_SYSTEM))(
  'a file from another file system is copied whole and leaves nothing behind (skipped without /dev/shm)',
  async () => {
    const root = await makeRoot();
    const spool = await mkdtemp(join(OTHER_FILE_SYSTEM, 'callbay-spool-'));
    try {
      const store = createDiskBlobStore({ root });
      const path = join(spool, 'upload');
      await writeFile(path, Buffer.alloc(300_000, 7));
      const key = await store.put('acme', 'blob-ab', path);
      expect((await buffer(await store.read('acme', key))).equals(Buffer.alloc(300_000, 7))).toBe(true);
      expect(existsSync(path)).toBe(false);
      expect(await readdir(join(root, 'acme', 'ab'))).toEqual(['blob-ab']);
    } finally {
      await rm(root, { recursive: true, force: true });
      await rm(spool, { recursive: true, force: true });
    }
  },
);

test('the age of a blob is that of its arrival, not the time its owner gave the file', async () => {
  const root = await makeRoot();
  try {
    const store = createDiskBlobStore({ root });
    const path = join(root, 'upload');
    await writeFile(path, 'old');
    await utimes(path, 1_000_000, 1_000_000);
    await store.put('acme', 'blob-1', path);
    for await (const blob of store.list())
      expect(Date.now() - blob.modifiedAt.getTime()).toBeLessThan(60_000);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

/** As a version 7 UUID made at this time begins. */
const idMadeAt = (ms: number): string =>
  `${ms
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7abc-8000-0123456789ab`;

async function withStore(
  run: (root: string, put: (blobId: string, fd?: number) => Promise<string>) => Promise<void>,
) {
  const root = await makeRoot();
  try {
    const store = createDiskBlobStore({ root });
    await run(root, async (blobId, fd) => {
      const path = join(root, 'upload');
      await writeFile(path, blobId);
      return store.put('acme', blobId, path, fd);
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

test('files of the same minutes share one folder, so that they can share its sync', () =>
  withStore(async (root, put) => {
    const [first, later] = [idMadeAt(1_800_000_000_000), idMadeAt(1_800_000_004_321)];
    await put(first);
    await put(later);
    const folders = await readdir(join(root, 'acme'));
    expect(folders).toEqual(['01a3185']);
    expect((await readdir(join(root, 'acme', folders[0]!))).sort()).toEqual([first, later]);
  }));

test('a file that cannot be synced is at its path again', () =>
  withStore(async (root, put) => {
    // The number of a closed file could be that of a folder which is being synced.
    await expect(put('blob-1', NO_DESCRIPTOR)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await readFile(join(root, 'upload'), 'utf8')).toBe('blob-1');
    expect(await readdir(join(root, 'acme', '-1'))).toEqual([]);
  }));

test('a folder of the store that was removed is made again', () =>
  withStore(async (root, put) => {
    await put(idMadeAt(1_800_000_000_000));
    await rm(join(root, 'acme'), { recursive: true });
    await put(idMadeAt(1_800_000_000_001));
    expect(await readdir(join(root, 'acme', '01a3185'))).toHaveLength(1);
  }));

test('listing removes folders of past days that nothing is left in', async () => {
  const root = await makeRoot();
  try {
    const store = createDiskBlobStore({ root });
    const path = join(root, 'upload');
    const [past, kept] = [Date.now() - 3 * 86_400_000, Date.now() - 5 * 86_400_000];
    for (const ms of [past, kept, Date.now()]) {
      await writeFile(path, 'x');
      await store.put('acme', idMadeAt(ms), path);
    }
    await store.remove('acme', `acme/${idMadeAt(past)}`);
    const found: string[] = [];
    for await (const { key } of store.list()) found.push(key);
    expect(found).toHaveLength(2);
    const folders = await readdir(join(root, 'acme'));
    expect(folders).toHaveLength(2);
    expect(folders).not.toContain(idMadeAt(past).slice(0, 7));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
