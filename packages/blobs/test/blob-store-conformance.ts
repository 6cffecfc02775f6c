import { randomUUID } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { BlobStore } from '@callbay/ingestion';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

export interface StoreUnderTest {
  readonly store: BlobStore;
  dispose(): Promise<void>;
}

/** What every BlobStore promises. An implementation's test calls this once with its own factory. */
export function describeBlobStore(title: string, make: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let spool: string;
    let subject: StoreUnderTest;

    beforeAll(async () => {
      spool = await mkdtemp(join(tmpdir(), 'callbay-blob-conformance-'));
      subject = await make();
    });
    afterAll(async () => {
      await subject.dispose();
      await rm(spool, { recursive: true, force: true });
    });

    const given = async (content: string | Buffer): Promise<string> => {
      const path = join(spool, randomUUID());
      await writeFile(path, content);
      return path;
    };
    const textOf = async (tenantId: string, key: string, range?: { start: number; end: number }) =>
      (await buffer(await subject.store.read(tenantId, key, range))).toString();
    const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
      promise.then(
        () => 'no error',
        (error: { code?: unknown }) => error.code,
      );

    test('put takes the file over: the bytes can be read by key and the path is gone', async () => {
      const path = await given('hello');
      const key = await subject.store.put('acme', 'blob-1', path);
      expect(key).toBe('acme/blob-1');
      expect(await textOf('acme', key)).toBe('hello');
      expect(await subject.store.size('acme', key)).toBe(5);
      expect(await codeOf(stat(path))).toBe('ENOENT');
    });

    test('put again after it was done changes nothing and gives the same key', async () => {
      const path = await given('once');
      const key = await subject.store.put('acme', 'blob-2', path);
      expect(await subject.store.put('acme', 'blob-2', path)).toBe(key);
      expect(await textOf('acme', key)).toBe('once');
    });

    test('put with a descriptor that is open on the file takes the file over and leaves the descriptor open', async () => {
      const path = await given('open');
      const file = await open(path, 'r+');
      try {
        const key = await subject.store.put('acme', 'blob-fd', path, file.fd);
        expect(await textOf('acme', key)).toBe('open');
        expect(await codeOf(stat(path))).toBe('ENOENT');
        expect((await file.stat()).size).toBe(4);
      } finally {
        await file.close();
      }
    });

    test('put of a path that never was fails', async () => {
      expect(await codeOf(subject.store.put('acme', 'blob-none', join(spool, 'absent')))).toBe(
        'BLOB_MISSING',
      );
    });

    test('an empty file is a blob of no bytes', async () => {
      const key = await subject.store.put('acme', 'blob-empty', await given(''));
      expect(await subject.store.size('acme', key)).toBe(0);
      expect(await textOf('acme', key)).toBe('');
    });

    test('a range is inclusive at both ends', async () => {
      const key = await subject.store.put('acme', 'blob-3', await given('0123456789'));
      expect(await textOf('acme', key, { start: 2, end: 4 })).toBe('234');
    });

    test('a copy has its own life', async () => {
      const key = await subject.store.put('acme', 'blob-4', await given('twice'));
      const copied = await subject.store.copy('acme', key, 'blob-5');
      await subject.store.remove('acme', key);
      expect(await textOf('acme', copied)).toBe('twice');
      expect(await subject.store.size('acme', key)).toBeNull();
    });

    test('reading what is not there is BLOB_MISSING; removing it is fine', async () => {
      expect(await codeOf(subject.store.read('acme', 'acme/blob-absent'))).toBe('BLOB_MISSING');
      expect(await codeOf(subject.store.openLocal('acme', 'acme/blob-absent'))).toBe('BLOB_MISSING');
      expect(await codeOf(subject.store.copy('acme', 'acme/blob-absent', 'blob-x1'))).toBe('BLOB_MISSING');
      await subject.store.remove('acme', 'acme/blob-absent');
    });

    test('a local path gives the bytes while it is held', async () => {
      const key = await subject.store.put('acme', 'blob-6', await given('local'));
      await using local = await subject.store.openLocal('acme', key);
      expect((await readFile(local.path)).toString()).toBe('local');
    });

    test('a key of acme2 is out of reach for acme, and the other way round', async () => {
      const ours = await subject.store.put('acme', 'blob-7', await given('a'));
      const theirs = await subject.store.put('acme2', 'blob-7', await given('b'));
      expect(await codeOf(subject.store.read('acme', theirs))).toBe('NOT_FOUND');
      expect(await codeOf(subject.store.read('acme2', ours))).toBe('NOT_FOUND');
      expect(await codeOf(subject.store.copy('acme', theirs, 'blob-8'))).toBe('NOT_FOUND');
      expect(await codeOf(subject.store.remove('acme', theirs))).toBe('NOT_FOUND');
      expect(await textOf('acme2', theirs)).toBe('b');
    });

    test.each(['..', '.', '', 'a/b', '../x', 'a\0b', '.hidden', 'a\\b'])(
      'an id of %j is refused',
      async (id) => {
        expect(await codeOf(subject.store.put('acme', id, await given('x')))).toBe('BAD_REQUEST');
        expect(await codeOf(subject.store.put(id, 'blob-9', await given('x')))).toBe('BAD_REQUEST');
        expect(await codeOf(subject.store.read('acme', `acme/${id}`))).toBe('BAD_REQUEST');
      },
    );

    test('list gives every key with its tenant and a time', async () => {
      await subject.store.put('lister', 'blob-1', await given('1'));
      await subject.store.put('lister', 'blob-22', await given('2'));
      const found: string[] = [];
      for await (const blob of subject.store.list()) {
        if (blob.tenantId !== 'lister') continue;
        expect(Date.now() - blob.modifiedAt.getTime()).toBeLessThan(60_000);
        found.push(blob.key);
      }
      expect(found.sort()).toEqual(['lister/blob-1', 'lister/blob-22']);
    });
  });
}
