import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createDiskBlobStore, markStore, STORE_MARKER } from '../src/index.ts';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-marker-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const yes = async () => true;
const no = async () => false;

async function makeStore() {
  const folder = await makeFolder();
  const root = join(folder, 'blobs');
  await markStore(root, no);
  const given = async (text: string) => {
    const path = join(folder, 'upload');
    await writeFile(path, text);
    return path;
  };
  const store = createDiskBlobStore({ root, requiresMarker: true });
  const key = await store.put('acme', 'blob-1', await given('kept'));
  return {
    root,
    store,
    key,
    given,
    /** As a disk that is not mounted: its place is there, and empty. */
    unmount: async () => {
      await rename(root, `${root}-elsewhere`);
      await mkdir(root);
    },
    mount: async () => {
      await rm(root, { recursive: true });
      await rename(`${root}-elsewhere`, root);
    },
  };
}

const UNAVAILABLE = { code: 'UNAVAILABLE', retryable: true };

test('of a store that is not mounted nothing is missing, and all of it is there again afterwards', async () => {
  const { store, key, unmount, mount } = await makeStore();
  await unmount();
  await expect(store.read('acme', key)).rejects.toMatchObject(UNAVAILABLE);
  await expect(store.openLocal('acme', key)).rejects.toMatchObject(UNAVAILABLE);
  await expect(store.size('acme', key)).rejects.toMatchObject(UNAVAILABLE);
  await expect(store.copy('acme', key, 'blob-2')).rejects.toMatchObject(UNAVAILABLE);
  await expect(store.checkStore()).rejects.toMatchObject(UNAVAILABLE);
  await mount();
  await store.checkStore();
  expect((await buffer(await store.read('acme', key))).toString()).toBe('kept');
});

test('nothing is written where a store is not mounted: the mount would hide it', async () => {
  const { root, store, given, unmount } = await makeStore();
  await unmount();
  const path = await given('new');
  await expect(store.put('acme', 'blob-2', path)).rejects.toMatchObject(UNAVAILABLE);
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await readdir(root)).toEqual([]);
});

test('in a store that is there a blob may be missing', async () => {
  const { store } = await makeStore();
  await expect(store.read('acme', 'acme/blob-9')).rejects.toMatchObject({
    code: 'BLOB_MISSING',
    retryable: false,
  });
  expect(await store.size('acme', 'acme/blob-9')).toBeNull();
});

test('what a disk refuses says nothing about the bytes on it', async () => {
  const { root, store, key } = await makeStore();
  await rename(root, `${root}-elsewhere`);
  await writeFile(root, 'a file where the folder was');
  await expect(store.read('acme', key)).rejects.toMatchObject(UNAVAILABLE);
  await expect(store.checkStore()).rejects.toMatchObject(UNAVAILABLE);
});

test('a folder is marked once, and the marker stays what it is', async () => {
  const root = join(await makeFolder(), 'made', 'by', 'it');
  expect(await Promise.all([markStore(root, no), markStore(root, no)])).toEqual([true, true]);
  const marker = await readFile(join(root, STORE_MARKER), 'utf8');
  expect(await markStore(root, yes)).toBe(true);
  expect(await readFile(join(root, STORE_MARKER), 'utf8')).toBe(marker);
  expect(await readdir(root)).toEqual([STORE_MARKER]);
});

test('an empty folder is not taken for a store whose bytes are known', async () => {
  const root = await makeFolder();
  expect(await markStore(root, yes)).toBe(false);
  expect(await readdir(root)).toEqual([]);
});

test('a store of an earlier version, without a marker, is marked', async () => {
  const root = await makeFolder();
  await mkdir(join(root, 'acme'));
  expect(await markStore(root, yes)).toBe(true);
});

test('the marker is not listed as a blob', async () => {
  const { store, key } = await makeStore();
  const keys: string[] = [];
  for await (const blob of store.list()) keys.push(blob.key);
  expect(keys).toEqual([key]);
});
