import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBlobStore, readMarker } from '@callbay/blobs';
import { createFileReceiver, readInstallationId } from '@callbay/postgres';
import { ConfigError, createLogger, makeFolder } from '@callbay/runtime';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { bindInstallation, joinInstallation, judgeInstallation } from '../src/installation.ts';

const logger = createLogger({ role: 'test', level: 'silent' });

interface Home {
  readonly home: string;
  readonly blobsFolder: string;
  readonly installationFile: string;
}

async function makeHome(): Promise<Home> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-installation-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return { home, blobsFolder: join(home, 'blobs'), installationFile: join(home, 'installation') };
}

async function makeDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  return database;
}

const markerOf = ({ home, blobsFolder }: Home) =>
  createBlobStore({ blobsFolder, spoolFolder: join(home, 'spool'), blobs: null, s3: null }).marker;

const joinHome = ({ db }: TestDatabase, home: Home): Promise<void> =>
  joinInstallation(db, home, markerOf(home), logger);
const refusal = async (joining: Promise<void>): Promise<string> => {
  const error = await joining.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
};

async function receiveOne({ db }: TestDatabase): Promise<void> {
  const tenantId = await makeTenant(db);
  const fileId = randomUUID();
  await createFileReceiver(db).receiveFile(tenantId, {
    fileId,
    drop: 'sftp',
    name: 'a.wav',
    sizeBytes: 1,
    modifiedAt: new Date(),
    blobKey: `${tenantId}/${fileId}`,
    sentBy: 'somebody',
  });
}

test.each([
  [null, null, null, 'unclaimed'],
  [null, null, 'a', 'unclaimed'],
  [null, 'a', 'a', 'new database'],
  [null, 'a', null, 'new database'],
  ['a', 'a', 'a', 'same'],
  ['a', null, 'a', 'same'],
  ['a', 'b', 'a', 'same'],
  ['a', 'a', null, 'unmounted'],
  ['a', null, null, 'other home'],
  ['a', 'b', null, 'other home'],
  ['a', 'a', 'b', 'other store'],
  ['a', 'b', 'b', 'other store'],
] as const)('a database of %s, a home of %s and a store of %s are %s', (database, home, store, state) => {
  expect(judgeInstallation({ database, home, store })).toBe(state);
});

test('the first start ties home, store and database together, and later ones find it so', async () => {
  const [database, home] = [await makeDatabase(), await makeHome()];
  await joinHome(database, home);
  const id = await readInstallationId(database.db);
  expect(id).not.toBeNull();
  expect(await readMarker(home.blobsFolder)).toBe(id);
  expect((await readFile(home.installationFile, 'utf8')).trim()).toBe(id);
  await Promise.all([joinHome(database, home), joinHome(database, home)]);
  expect(await readInstallationId(database.db)).toBe(id);
});

test('a second home on the same database is refused, empty or with bytes of its own', async () => {
  const [database, first, empty, other] = [
    await makeDatabase(),
    await makeHome(),
    await makeHome(),
    await makeHome(),
  ];
  await joinHome(database, first);
  expect(await refusal(joinHome(database, empty))).toContain('is not the home of this database');
  await joinHome(await makeDatabase(), other);
  expect(await refusal(joinHome(database, other))).toContain('bytes of another installation');
  await joinHome(database, first);
});

test('of two new homes that start at once on a new database one is refused', async () => {
  const [database, ...homes] = [await makeDatabase(), await makeHome(), await makeHome()] as const;
  const ends = await Promise.allSettled(homes.map((home) => joinHome(database, home)));
  expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a home that shares the folder of bytes is let in', async () => {
  const [database, first, second] = [await makeDatabase(), await makeHome(), await makeHome()];
  await joinHome(database, first);
  const sharing = { ...second, blobsFolder: first.blobsFolder };
  await joinHome(database, sharing);
  expect((await readFile(second.installationFile, 'utf8')).trim()).toBe(
    await readInstallationId(database.db),
  );
});

test('a home of another database is refused by a new one, whose sweeps would take its bytes for orphans', async () => {
  const home = await makeHome();
  await joinHome(await makeDatabase(), home);
  expect(await refusal(joinHome(await makeDatabase(), home))).toContain('belongs to another database');
});

test('a store that is not mounted yet is waited for, and keeps its id', async () => {
  const [database, home] = [await makeDatabase(), await makeHome()];
  await joinHome(database, home);
  await receiveOne(database);
  await makeFolder(join(home.blobsFolder, 'acme'), 0o700);
  const away = `${home.blobsFolder}.away`;
  await rename(home.blobsFolder, away);
  await joinHome(database, home);
  expect(await readMarker(home.blobsFolder)).toBeNull();
  await rename(away, home.blobsFolder);
  await joinHome(database, home);
  expect(await readMarker(home.blobsFolder)).toBe(await readInstallationId(database.db));
});

test('an installation of an earlier version, with bytes and without ids, is taken over', async () => {
  const [database, home] = [await makeDatabase(), await makeHome()];
  await receiveOne(database);
  await makeFolder(join(home.blobsFolder, 'acme'), 0o700);
  await joinHome(database, home);
  expect(await readMarker(home.blobsFolder)).toBe(await readInstallationId(database.db));
});

test('a restored copy is an installation of its own, which neither home nor database of the first fit', async () => {
  const [database, home, copy, restored] = [
    await makeDatabase(),
    await makeHome(),
    await makeHome(),
    await makeDatabase(),
  ];
  await joinHome(database, home);
  await cp(home.home, copy.home, { recursive: true });
  await bindInstallation(restored.db, copy, markerOf(copy));
  await joinHome(restored, copy);
  await refusal(joinHome(restored, home));
  await refusal(joinHome(database, copy));
});
