import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  copyFile,
  link,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { countStorage, sweepPurges } from '@callbay/ingestion';
import { type ClaimStep, createFolderServer } from '@callbay/sources';
import { makeTenant, makeWav, openFolder, type RunningCallbay, startCallbay, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, codesOf, HOUR, json, trueClocks } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const SETTLE_MS = 10_000;
const DAY = 24 * HOUR;
const wav = (seed = 1): Buffer => makeWav({ seconds: 1, seed });
/** Of all files that were received, in the order of arrival, whatever has become of them. */
const namesOf = async (folder: { tenantId: string }): Promise<string[]> =>
  (await codesOf(callbay, folder)).map((code) => code.split(' ')[0] ?? '');
const start = async () => openFolder(callbay, await makeTenant(callbay.db));

test('a pair that is left in a folder becomes a call, and its files move to processed with receipts', async () => {
  await using folder = await start();
  await folder.put('a.wav', wav());
  await folder.put('a.json', json());
  await folder.take();
  await callbay.settle();
  await folder.scan();
  expect(await callsOf(callbay, folder)).toHaveLength(1);
  expect(await folder.list('data')).toEqual([]);
  expect(await folder.list('processed')).toEqual(['a.json', 'a.wav']);
  expect(await readFile(join(folder.home, 'processed', 'a.wav'))).toEqual(wav());
  expect(await folder.list('receipts')).toEqual(['a.json.json', 'a.wav.json']);
  expect((await folder.receipt('a.wav')).outcome?.code).toBe('SURFACED');
  expect(folder.errors).toEqual([]);
});

test('a file is received once it has not changed for the settle time, and not while it grows', async () => {
  await using folder = await start();
  await folder.put('a.wav', wav().subarray(0, 100));
  for (let at = 100; at < 500; at += 100) {
    await folder.scan();
    folder.wait(SETTLE_MS);
    await appendFile(folder.data('a.wav'), wav().subarray(at, at + 100));
    await folder.scan();
    expect(await codesOf(callbay, folder)).toEqual([]);
  }
  folder.wait(SETTLE_MS - 1);
  expect(await folder.scan()).toEqual({ isBusy: false, settlesInMs: 1 });
  expect(await codesOf(callbay, folder)).toEqual([]);
  folder.wait(1);
  await folder.scan();
  expect(await codesOf(callbay, folder)).toHaveLength(1);
});

test('a preallocated file is not received while its bytes are being written', async () => {
  await using folder = await start();
  await folder.put('a.wav', '');
  await truncate(folder.data('a.wav'), wav().length);
  await folder.scan();
  await using file = await open(folder.data('a.wav'), 'r+');
  for (const at of [0, 1_000]) {
    folder.wait(SETTLE_MS);
    await file.write(wav(), at, 1_000, at);
    await folder.scan();
  }
  expect(await codesOf(callbay, folder)).toEqual([]);
  await file.write(wav(), 2_000, wav().length - 2_000, 2_000);
  await folder.take();
  expect(await codesOf(callbay, folder)).toHaveLength(1);
});

test('what is not a plain file of its own is listed with the reason, and never received', async () => {
  await using folder = await start();
  execFileSync('mkfifo', [folder.data('fifo.wav')]);
  await writeFile(join(folder.root, 'outside.wav'), wav());
  await symlink(join(folder.root, 'outside.wav'), folder.data('link.wav'));
  await mkdir(folder.data('sub'));
  await writeFile(folder.data('sub/b.wav'), wav());
  await writeFile(join(folder.root, 'twin.wav'), wav());
  await link(join(folder.root, 'twin.wav'), folder.data('hard.wav'));
  await folder.put('upload.part', wav());
  await folder.put(Buffer.from('x').toString(), wav());
  await folder.take();
  const { ignored } = await folder.report();
  expect(ignored.map(({ name }) => name).sort()).toEqual(['fifo.wav', 'hard.wav', 'link.wav', 'sub']);
  expect(await namesOf(folder)).toEqual(['x']);
  await rm(join(folder.root, 'twin.wav'));
  await folder.take();
  expect(await namesOf(folder)).toEqual(['x', 'hard.wav']);
  await rename(folder.data('upload.part'), folder.data('upload.wav'));
  await folder.take();
  expect(await codesOf(callbay, folder)).toHaveLength(3);
});

test.skipIf(process.getuid?.() !== 0)(
  'a file that may not be read is listed, and received once it may',
  async () => {
    await using folder = await start();
    await folder.put('a.wav', wav());
    await chmod(folder.data('a.wav'), 0o600);
    execFileSync('chown', ['-R', '65534', folder.root, callbay.spoolDir, callbay.blobs.root]);
    execFileSync('chown', ['0', folder.data('a.wav')]);
    await chmod(dirname(callbay.blobs.root), 0o711);
    process.seteuid?.(65_534);
    try {
      await folder.take();
      expect((await folder.report()).ignored).toMatchObject([{ name: 'a.wav' }]);
      expect(await codesOf(callbay, folder)).toEqual([]);
      process.seteuid?.(0);
      await chmod(folder.data('a.wav'), 0o644);
      process.seteuid?.(65_534);
      // Linux forbids a link to a file that belongs to somebody else and is not ours to write.
      await folder.take();
      expect(await namesOf(folder)).toEqual(['a.wav']);
      expect(await folder.list('data')).toEqual(['a.wav']);
      await folder.take();
      expect(await codesOf(callbay, folder)).toHaveLength(1);
    } finally {
      process.seteuid?.(0);
    }
  },
);

test('a name that is refused and a file that is too large are rejected with a receipt, and nothing is stored', async () => {
  await using folder = await start();
  await folder.put('a\\b.wav', wav());
  await folder.put('exact.wav', '');
  await truncate(folder.data('exact.wav'), 2 ** 31 + 1);
  await folder.take();
  expect((await codesOf(callbay, folder)).sort()).toEqual(['a\\b.wav NAME_INVALID', 'exact.wav TOO_LARGE']);
  expect(await folder.list('data')).toEqual([]);
  expect(await folder.list('rejected')).toEqual(['a\\b.wav', 'exact.wav']);
  expect((await folder.receipt('exact.wav')).outcome?.code).toBe('TOO_LARGE');
  await folder.put('a\\b.wav', wav(2));
  await folder.take();
  expect(await folder.list('rejected')).toEqual(['a\\b.wav', 'a\\b~2.wav', 'exact.wav']);
  expect(folder.errors).toEqual([]);
});

test('a file that is overwritten while it is read is received whole, and only as it is in the end', async () => {
  await using folder = await start();
  let writes = 3;
  folder.restart({
    step: (name: ClaimStep) => {
      if (name !== 'claimed' || writes === 0) return;
      writes -= 1;
      // The writer still has the file open, wherever it was moved to.
      execFileSync('sh', [
        '-c',
        `for f in "${folder.home}"/.callbay/claims/*/*/a.json; do echo ' ' >> "$f"; done`,
      ]);
    },
  });
  await folder.put('a.json', json());
  for (let n = 0; n < 5; n += 1) await folder.take();
  const rows = await callbay.db.query<{ size_bytes: number }>(
    'SELECT size_bytes FROM files WHERE tenant_id = $1',
    [folder.tenantId],
  );
  expect(rows).toEqual([{ size_bytes: (await stat(folder.data('a.json'))).size }]);
});

test('a file that is replaced while it is taken in leaves two versions, each whole, and the newer one in data', async () => {
  await using folder = await start();
  folder.restart({
    step: (name: ClaimStep) => {
      if (name === 'copied') execFileSync('cp', [join(folder.root, 'newer.json'), folder.data('a.json')]);
    },
  });
  await writeFile(join(folder.root, 'newer.json'), json({ email: 'newer@acme.test' }));
  await folder.put('a.json', json());
  await folder.take();
  folder.restart();
  await folder.take();
  await folder.put('a.wav', wav());
  await folder.take();
  await callbay.settle();
  expect(await codesOf(callbay, folder)).toEqual(['a.json SUPERSEDED', 'a.json SURFACED', 'a.wav SURFACED']);
  expect(await callsOf(callbay, folder)).toMatchObject([{ user_id: 'newer@acme.test' }]);
});

test.each<ClaimStep>(['folderMade', 'claimed', 'copied', 'stored', 'received', 'putBack'])(
  'case 55: a scanner that dies after %s leaves a file that the next one receives once',
  async (point) => {
    await using folder = await start();
    folder.restart({
      step: (name) => {
        if (name === point) throw new Error('as a killed process leaves it');
      },
    });
    await folder.put('a.wav', wav());
    await folder.take().catch(() => {});
    folder.restart();
    await folder.put('a.json', json());
    await folder.take();
    await folder.take();
    await callbay.settle();
    await folder.scan();
    expect(await codesOf(callbay, folder)).toHaveLength(2);
    expect(await callsOf(callbay, folder)).toHaveLength(1);
    expect(await folder.list('processed')).toEqual(['a.json', 'a.wav']);
    expect(await folder.list('data')).toEqual([]);
    const claims = execFileSync('find', [join(folder.home, '.callbay'), '-name', 'a.*']).toString();
    expect(claims).toBe('');
  },
);

test('a new process receives nothing again, and knows what was removed while none ran', async () => {
  await using folder = await start();
  await folder.put('a.wav', wav(1));
  await folder.put('b.wav', wav(2));
  await folder.take();
  await callbay.settle();
  await rm(folder.data('b.wav'));
  folder.restart();
  await folder.take();
  await callbay.settle();
  expect((await codesOf(callbay, folder)).sort()).toEqual(['a.wav NO_METADATA', 'b.wav WITHDRAWN']);
  await folder.scan();
  expect((await folder.receipt('b.wav')).state).toBe('withdrawn');
});

test('a folder that is not mounted withdraws nothing, and says so', async () => {
  await using folder = await start();
  await folder.put('a.wav', wav());
  await folder.take();
  await callbay.settle();
  await rename(folder.home, `${folder.home}.away`);
  await mkdir(folder.home);
  await folder.take();
  expect(await folder.report()).toMatchObject({ state: 'failed' });
  await rm(folder.home, { recursive: true });
  await rename(`${folder.home}.away`, folder.home);
  await folder.take();
  expect(await folder.report()).toMatchObject({ state: 'ready' });
  expect(await codesOf(callbay, folder)).toEqual(['a.wav NO_METADATA']);
});

test('two scanners at once, as after a lock was lost, lose no file and withdraw none', async () => {
  await using folder = await start();
  const tenant = { tenantId: folder.tenantId, temporaryNames: null, isPlaced: true };
  for (let n = 0; n < 40; n += 1) await folder.put(`${n}.wav`, wav(n));
  const other = folder.other();
  await Promise.all([folder.scan(), other.scan(tenant)]);
  folder.wait(SETTLE_MS);
  for (let n = 0; n < 5; n += 1) await Promise.all([folder.scan(), other.scan(tenant)]);
  expect(new Set(await namesOf(folder)).size).toBe(40);
  await callbay.settle();
  expect((await codesOf(callbay, folder)).filter((code) => code.includes('WITHDRAWN'))).toEqual([]);
  expect(await folder.list('data')).toHaveLength(40);
});

test('case 58: an upload that was begun and abandoned is removed after 7 days', async () => {
  await using folder = await start();
  await folder.put('a.part', 'x');
  await folder.put('b.part', 'x');
  await utimes(folder.data('a.part'), 0, 0);
  const hostMs = Date.now() + 7 * DAY + HOUR;
  await callbay.clock.set(new Date(hostMs));
  folder.restart({ hostMs: () => Date.now() });
  await folder.scan();
  expect(await folder.list('data')).toEqual(['a.part', 'b.part']);
  folder.restart({ hostMs: () => hostMs });
  await folder.scan();
  expect(await folder.list('data')).toEqual([]);
  await callbay.clock.release();
});

test('what was purged leaves the folder, but never a newer file of its name', async () => {
  await using folder = await start();
  await folder.put('a.wav', wav(1));
  await folder.put('b.wav', wav(2));
  await folder.put('c.json', '{');
  await folder.take();
  await callbay.settle();
  await folder.scan();
  expect(await folder.list('rejected')).toEqual(['c.json']);
  await callbay.clock.set(new Date(Date.now() + 7 * DAY + HOUR));
  await writeFile(join(folder.root, 'new'), wav(3));
  await copyFile(join(folder.root, 'new'), folder.data('b.wav'));
  while ((await sweepPurges(callbay.deps, trueClocks())) > 0);
  await callbay.settle();
  await folder.scan();
  expect(await folder.list('data')).toEqual(['b.wav']);
  expect(await folder.list('rejected')).toEqual([]);
  await folder.take();
  expect((await codesOf(callbay, folder)).sort()).toMatchObject([
    'a.wav PURGED_UNPAIRED',
    'b.wav PURGED_UNPAIRED',
    expect.stringMatching(/^b.wav/),
    'c.json METADATA_INVALID',
  ]);
  await callbay.clock.release();
});

test('files that are beyond the quota wait in data, with the reason, until there is room', async () => {
  const settings = { storageQuotaBytes: wav().length + 10 };
  await using folder = await openFolder(callbay, await makeTenant(callbay.db, { settings }));
  await countStorage(callbay.deps);
  await folder.put('a.wav', wav());
  await folder.take();
  await folder.put('b.wav', wav(2));
  await folder.take();
  expect(await folder.list('data')).toEqual(['a.wav', 'b.wav']);
  expect((await folder.report()).ignored).toEqual([
    { name: 'b.wav', reason: 'The storage quota of the tenant is used up.' },
  ]);
  await callbay.db.execute(
    `UPDATE tenants SET settings = settings || '{"storageQuotaBytes": null}' WHERE id = $1`,
    [folder.tenantId],
  );
  await folder.take();
  await callbay.settle();
  expect(await codesOf(callbay, folder)).toHaveLength(2);
});

test('while the store of bytes fails nothing is lost, and the next scan receives what waits', async () => {
  await using folder = await start();
  const away = { ...callbay.blobs, put: () => Promise.reject(new Error('the disk is away')) };
  folder.restart({ blobs: away });
  await folder.put('a.wav', wav());
  await folder.take();
  await folder.scan();
  expect(await codesOf(callbay, folder)).toEqual([]);
  expect(folder.errors).toHaveLength(2);
  folder.restart();
  await folder.scan();
  expect(await codesOf(callbay, folder)).toHaveLength(1);
  expect(await folder.list('data')).toEqual(['a.wav']);
});

test('a file stays where its owner has put another in processed, and every other one moves', async () => {
  await using folder = await start();
  await writeFile(join(folder.home, 'processed', 'a.wav'), 'not ours');
  await folder.put('a.wav', wav());
  await folder.put('a.json', json());
  await folder.take();
  await callbay.settle();
  await folder.scan();
  expect(await folder.list('processed')).toEqual(['a.json', 'a.wav']);
  expect(await readFile(join(folder.home, 'processed', 'a.wav'), 'utf8')).toBe('not ours');
  expect(await folder.list('data')).toEqual(['a.wav']);
  expect(folder.errors).not.toEqual([]);
});

test('a file that comes wakes the scan, however long the interval is', async () => {
  await using folder = await start();
  await callbay.db.execute('UPDATE folder_drops SET scanned_at = NULL WHERE tenant_id = $1', [
    folder.tenantId,
  ]);
  const { root, spool } = folder;
  const server = createFolderServer(folder.deps, { root, spool, scanMs: 3_600_000, settleMs: 20 });
  await server.start();
  await folder.put('a.wav', wav());
  await until('the file', async () => {
    // The watch begins some time after the first scan: each of these is an event.
    await folder.put('b.part', '');
    await rm(folder.data('b.part'));
    return (await namesOf(folder)).includes('a.wav');
  });
  await server.close();
});
