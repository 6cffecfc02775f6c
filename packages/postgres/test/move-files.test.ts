import { randomUUID } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CallbayError } from '@callbay/core';
import { type DropFolder, type FileMover, type FilePlace, moveFiles } from '@callbay/ingestion';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createFileReceiver, createMoveStore } from '../src/index.ts';

let database: TestDatabase;
let tenantId: string;
let root: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  tenantId = await makeTenant(database.db);
  root = await mkdtemp(join(tmpdir(), 'callbay-moves-'));
  for (const folder of ['data', 'processed', 'rejected']) await mkdir(join(root, folder));
});
afterEach(() => rm(root, { recursive: true, force: true }));
afterAll(() => database.drop());

const inodeOf = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

/** Moves in a real folder by link and unlink, which overwrite nothing. `step` is told of each point where it may die. */
const folderMover = (step: (name: string) => void): FileMover => ({
  async moveFile(_tenantId, { from, to }) {
    const pathOf = ({ folder, name }: FilePlace) => join(root, folder, name);
    step('before');
    const [source, target] = [await inodeOf(pathOf(from)), await inodeOf(pathOf(to))];
    if (source === null) return target === null ? 'absent' : 'moved';
    if (target !== null && target !== source) throw new CallbayError('CONFLICT', 'The name is taken.');
    if (target === null) await link(pathOf(from), pathOf(to));
    step('linked');
    await unlink(pathOf(from));
    step('unlinked');
    return 'moved';
  },
});

const errors: object[] = [];
const log = { error: (detail: object) => void errors.push(detail) };
const moveAll = (step: (name: string) => void = () => {}, limit = 1_000) =>
  moveFiles(
    { moves: createMoveStore(database.db), mover: folderMover(step), log },
    { tenantId, drop: 'folder', limit },
  );

async function receive(name: string, drop: 'folder' | 'sftp' = 'folder'): Promise<string> {
  const fileId = randomUUID();
  if (drop === 'folder') await writeFile(join(root, 'data', name), fileId);
  await createFileReceiver(database.db).receiveFile(tenantId, {
    fileId,
    drop,
    name,
    sizeBytes: 36,
    modifiedAt: new Date(),
    blobKey: `${tenantId}/${fileId}`,
    sentBy: 'u',
  });
  return fileId;
}

/** As a decision does. */
const show = (fileId: string, folder: DropFolder, shownName: string) =>
  database.db.execute('UPDATE files SET folder = $3, shown_name = $4 WHERE tenant_id = $1 AND id = $2', [
    tenantId,
    fileId,
    folder,
    shownName,
  ]);

/** Every file of the folder with the id that its bytes tell. */
async function rest(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const folder of ['data', 'processed', 'rejected']) {
    for (const name of await readdir(join(root, folder)))
      found[`${folder}/${name}`] = await readFile(join(root, folder, name), 'utf8');
  }
  return found;
}

test('files move to where they show, once, and back where they are judged again', async () => {
  const [a, b, c] = [await receive('a.wav'), await receive('b.exe'), await receive('c.wav')];
  expect(await moveAll()).toBe(0);
  await show(a, 'processed', 'a~2.wav');
  await show(b, 'rejected', 'b.exe');
  expect(await moveAll()).toBe(2);
  expect(await rest()).toEqual({ 'processed/a~2.wav': a, 'rejected/b.exe': b, 'data/c.wav': c });
  expect(await moveAll()).toBe(0);
  await show(b, 'data', 'b.exe');
  expect(await moveAll()).toBe(1);
  expect(await rest()).toEqual({ 'processed/a~2.wav': a, 'data/b.exe': b, 'data/c.wav': c });
});

test.each(['before', 'linked', 'unlinked'])(
  'a move that dies %s is made whole by the next run',
  async (point) => {
    const fileId = await receive('a.wav');
    await show(fileId, 'processed', 'a.wav');
    await moveAll((name) => {
      if (name === point) throw new Error('as a killed process leaves it');
    });
    expect(await moveAll()).toBe(1);
    expect(await rest()).toEqual({ 'processed/a.wav': fileId });
    expect(await moveAll()).toBe(0);
  },
);

test('two processes that move the same file at once leave it at one place', async () => {
  const fileId = await receive('a.wav');
  await show(fileId, 'processed', 'a.wav');
  await Promise.all([moveAll(), moveAll(), moveAll()]);
  await moveAll();
  expect(await rest()).toEqual({ 'processed/a.wav': fileId });
});

test('a file that cannot be moved keeps no other waiting, and is moved once its place is free', async () => {
  const [a, b] = [await receive('a.wav'), await receive('b.wav')];
  await writeFile(join(root, 'processed', 'a.wav'), "the owner's own");
  for (const [id, name] of [
    [a, 'a.wav'],
    [b, 'b.wav'],
  ] as const)
    await show(id, 'processed', name);
  errors.length = 0;
  expect(await moveAll()).toBe(1);
  expect(errors).toMatchObject([{ fileId: a, err: { code: 'CONFLICT' } }]);
  expect(await rest()).toMatchObject({ 'processed/a.wav': "the owner's own", 'data/a.wav': a });
  await rm(join(root, 'processed', 'a.wav'));
  expect(await moveAll()).toBe(1);
  expect(await rest()).toEqual({ 'processed/a.wav': a, 'processed/b.wav': b });
});

test('a file that its owner took away is asked for once', async () => {
  const fileId = await receive('a.wav');
  await rm(join(root, 'data', 'a.wav'));
  await show(fileId, 'processed', 'a.wav');
  expect(await moveAll()).toBe(1);
  expect(await moveAll()).toBe(0);
});

test('a run is bounded, and files of other drops, of other tenants and purged ones are not moved', async () => {
  for (const name of ['a.wav', 'b.wav', 'c.wav']) await show(await receive(name), 'processed', name);
  await show(await receive('view.wav', 'sftp'), 'processed', 'view.wav');
  const purged = await receive('purged.wav');
  await show(purged, 'processed', 'purged.wav');
  await database.db.execute('UPDATE files SET purged_at = callbay_now() WHERE id = $1', [purged]);
  const ours = tenantId;
  tenantId = await makeTenant(database.db);
  expect(await moveAll()).toBe(0);
  tenantId = ours;
  expect(await moveAll(() => {}, 2)).toBe(2);
  expect(await moveAll(() => {}, 2)).toBe(1);
  expect(Object.keys(await rest()).sort()).toEqual([
    'data/purged.wav',
    'processed/a.wav',
    'processed/b.wav',
    'processed/c.wav',
  ]);
});
