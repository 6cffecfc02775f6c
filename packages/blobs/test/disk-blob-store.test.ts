import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createDiskBlobStore } from '../src/index.ts';
import { describeBlobStore } from './blob-store-conformance.ts';

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
