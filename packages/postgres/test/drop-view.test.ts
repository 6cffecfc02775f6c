import { randomUUID } from 'node:crypto';
import type { DropView, FileReceiver, FileToReceive } from '@callbay/ingestion';
import {
  createTestDatabase,
  makeTenant,
  type TestClock,
  type TestDatabase,
  testClock,
} from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDropView, createFileReceiver } from '../src/index.ts';

let database: TestDatabase;
let clock: TestClock;
let receiver: FileReceiver;
let view: DropView;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  clock = await testClock(database.db);
  receiver = createFileReceiver(database.db);
  view = createDropView(database.db);
});
beforeEach(async () => {
  await clock.release();
  tenantId = await makeTenant(database.db);
});
afterAll(() => database.drop());

const fileOf = (name: string, more: Partial<FileToReceive> = {}): FileToReceive => {
  const fileId = randomUUID();
  const modifiedAt = new Date('2026-01-02T03:04:05Z');
  return {
    fileId,
    drop: 'sftp',
    name,
    sizeBytes: 10,
    modifiedAt,
    blobKey: `${tenantId}/${fileId}`,
    sentBy: 'u',
    ...more,
  };
};

async function receive(name: string, more: Partial<FileToReceive> = {}): Promise<string> {
  const file = fileOf(name, more);
  await receiver.receiveFile(tenantId, file);
  return file.fileId;
}

/** As the advance step ends a file. */
const end = (fileId: string, state: string, folder: string, shownName: string) =>
  database.db.execute(
    `UPDATE files SET state = $3, folder = $4, shown_name = $5, outcome_code = 'SURFACED', outcome_message = 'm',
       outcome_fix = 'f', outcome_at = callbay_now() WHERE tenant_id = $1 AND id = $2`,
    [tenantId, fileId, state, folder, shownName],
  );

const names = async (
  folder: 'data' | 'processed' | 'rejected',
  limit = 100,
  afterName: string | null = null,
) => (await view.listFolder(tenantId, folder, { afterName, limit })).map(({ name }) => name);

const rowOf = async (fileId: string) =>
  (await database.db.query<Record<string, unknown>>('SELECT * FROM files WHERE id = $1', [fileId]))[0];

const stepsOf = async (fileId: string) =>
  (
    await database.db.query<{ step: string }>('SELECT step FROM file_steps WHERE file_id = $1 ORDER BY id', [
      fileId,
    ])
  ).map(({ step }) => step);

test('a received file has the next sequence, the database clock, and its canonical stem', async () => {
  await clock.set('2026-03-01T12:00:00.123Z');
  const file = fileOf('20260101-101010_in_Zoe\u0308.WAV');
  const received = await receiver.receiveFile(tenantId, file);
  expect(received).toEqual({ fileId: file.fileId, receivedAt: new Date('2026-03-01T12:00:00.123Z'), seq: 1 });
  expect(await rowOf(file.fileId)).toMatchObject({
    stem: '20260101-101010_in_Zoë',
    ext: 'wav',
    folder: 'data',
    shown_name: file.name,
    state: 'received',
    classified_at: null,
  });
});

test('the same file id again, its first answer lost, gives the same answer and takes no sequence', async () => {
  const file = fileOf('a.wav');
  const first = await receiver.receiveFile(tenantId, file);
  expect(await receiver.receiveFile(tenantId, file)).toEqual(first);
  expect((await receiver.receiveFile(tenantId, fileOf('b.wav'))).seq).toBe(first.seq + 1);
});

test('one file id received eight times at once is one file with one answer', async () => {
  const file = fileOf('a.wav');
  const answers = await Promise.all(Array.from({ length: 8 }, () => receiver.receiveFile(tenantId, file)));
  expect(new Set(answers.map(({ seq }) => seq)).size).toBe(1);
  expect(await names('data')).toEqual(['a.wav']);
});

test('sequences taken at once are distinct, and a later one never has an earlier instant', async () => {
  const files = Array.from({ length: 200 }, (_, index) => fileOf(`f${index}.wav`));
  const answers = await Promise.all(files.map((file) => receiver.receiveFile(tenantId, file)));
  const inOrder = answers.toSorted((a, b) => a.seq - b.seq);
  expect(inOrder.map(({ seq }) => seq)).toEqual(files.map((_, index) => index + 1));
  const instants = inOrder.map(({ receivedAt }) => receivedAt.getTime());
  expect(instants).toEqual(instants.toSorted((a, b) => a - b));
});

test('an unknown tenant is NOT_FOUND, for a file and for a refusal', async () => {
  await expect(receiver.receiveFile('nobody', fileOf('a.wav'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const refusal = {
    fileId: randomUUID(),
    drop: 'sftp' as const,
    name: 'a.wav',
    sizeBytes: 1,
    code: 'TOO_LARGE',
    sentBy: 'u',
  };
  await expect(receiver.recordRefusal('nobody', refusal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('case 34: one tenant never sees, finds or removes a file of another', async () => {
  const other = await makeTenant(database.db, { id: `${tenantId}2` });
  const fileId = await receive('a.wav');
  await receiver.receiveFile(other, fileOf('b.wav'));
  expect(await names('data')).toEqual(['a.wav']);
  expect(await view.findFile(other, 'data', 'a.wav')).toBeNull();
  expect(await view.readReceipt(other, 'a.wav.json')).toBeNull();
  expect(await view.withdrawFile(other, fileId)).toBe(false);
  await view.setModifiedAt(other, fileId, new Date(0));
  expect(await view.findFile(tenantId, 'data', 'a.wav')).toMatchObject({
    modifiedAt: fileOf('a').modifiedAt,
  });
});

test('each folder lists its own files, the newest of a name, page by page', async () => {
  await receive('a.wav');
  const newest = await receive('a.wav');
  await receive('b.wav');
  await receive('c.wav');
  await end(await receive('d.wav'), 'done', 'processed', 'd~2.wav');
  await end(await receive('e.exe'), 'rejected', 'rejected', 'e.exe');
  expect(await names('data')).toEqual(['a.wav', 'b.wav', 'c.wav']);
  expect(await names('data', 2)).toEqual(['a.wav', 'b.wav']);
  expect(await names('data', 2, 'b.wav')).toEqual(['c.wav']);
  expect(await names('processed')).toEqual(['d~2.wav']);
  expect(await names('rejected')).toEqual(['e.exe']);
  expect(await view.findFile(tenantId, 'data', 'a.wav')).toEqual({
    fileId: newest,
    folder: 'data',
    name: 'a.wav',
    sizeBytes: 10,
    modifiedAt: new Date('2026-01-02T03:04:05Z'),
    blobKey: `${tenantId}/${newest}`,
    isOpen: true,
  });
  expect(await view.findFile(tenantId, 'processed', 'd~2.wav')).toMatchObject({ isOpen: false });
  expect(await view.findFile(tenantId, 'processed', 'd.wav')).toBeNull();
});

test('case 51: a purged file shows in no folder', async () => {
  for (const [state, folder] of [
    ['held', 'data'],
    ['done', 'processed'],
    ['rejected', 'rejected'],
  ] as const) {
    const fileId = await receive('a.wav');
    await end(fileId, state, folder, 'a.wav');
    expect(await names(folder)).toEqual(['a.wav']);
    await database.db.execute('UPDATE files SET purged_at = callbay_now() WHERE id = $1', [fileId]);
    expect(await names(folder)).toEqual([]);
    expect(await view.findFile(tenantId, folder, 'a.wav')).toBeNull();
  }
});

test('files of other drops do not show over SFTP', async () => {
  await receive('a.wav', { drop: 's3' });
  expect(await names('data')).toEqual([]);
  expect(await view.listReceipts(tenantId, { afterName: null, limit: 10 })).toEqual([]);
});

test('case 91: the newest file closed as a name is found for 60 seconds, whatever became of it', async () => {
  await clock.set('2026-03-01T12:00:00Z');
  await end(await receive('a.wav'), 'done', 'processed', 'a.wav');
  const newest = await receive('a.wav');
  await end(newest, 'done', 'processed', 'a~2.wav');
  await clock.advance(60_000);
  expect(await view.findFile(tenantId, 'data', 'a.wav')).toMatchObject({
    fileId: newest,
    folder: 'processed',
    isOpen: false,
  });
  await clock.advance(1);
  expect(await view.findFile(tenantId, 'data', 'a.wav')).toBeNull();
});

test('the newest file of a name is found for 24 hours where it was rejected, and only for the tenant', async () => {
  await clock.set('2026-03-01T12:00:00Z');
  const rejected = await receive('a.wav.xfer');
  expect(await view.findRejected(tenantId, 'a.wav.xfer')).toBeNull();
  await end(rejected, 'rejected', 'rejected', 'a.wav.xfer');
  await clock.advance(24 * 3_600_000);
  expect(await view.findRejected(tenantId, 'a.wav.xfer')).toMatchObject({ fileId: rejected, isOpen: false });
  expect(await view.findFile(tenantId, 'data', 'a.wav.xfer')).toBeNull();
  expect(await view.findRejected(`${tenantId}2`, 'a.wav.xfer')).toBeNull();
  await clock.advance(1);
  expect(await view.findRejected(tenantId, 'a.wav.xfer')).toBeNull();
});

test('a rejected file is not found behind a newer one of its name', async () => {
  await end(await receive('a.wav.xfer'), 'rejected', 'rejected', 'a.wav.xfer');
  await end(await receive('a.wav.xfer'), 'done', 'processed', 'a.wav.xfer');
  expect(await view.findRejected(tenantId, 'a.wav.xfer')).toBeNull();
});

test('an open file of a name comes before one that was closed later and has moved on', async () => {
  const open = await receive('a.wav');
  await end(await receive('a.wav'), 'done', 'processed', 'a.wav');
  expect(await view.findFile(tenantId, 'data', 'a.wav')).toMatchObject({ fileId: open, isOpen: true });
});

test('case 59: a removed file is gone from the drop at once, its call is due, and the story tells it', async () => {
  await clock.set('2026-03-01T12:00:00Z');
  await receive('a.wav');
  const newest = await receive('a.wav');
  expect(await view.withdrawFile(tenantId, newest)).toBe(true);
  expect(await rowOf(newest)).toMatchObject({ withdrawn_seq: 3 });
  expect(await names('data')).toEqual([]);
  expect(await view.findFile(tenantId, 'data', 'a.wav')).toBeNull();
  expect(await stepsOf(newest)).toEqual(['removed']);
  const calls = 'SELECT call_key, due_at, status FROM calls WHERE tenant_id = $1';
  const due = { call_key: 'stem:a', due_at: new Date('2026-03-01T12:00:00Z'), status: 'empty' };
  expect(await database.db.query(calls, [tenantId])).toEqual([due]);
});

test('a removal wakes every call that the file has a part in, and never puts off what is due sooner', async () => {
  await clock.set('2026-03-01T12:00:00Z');
  const fileId = await receive('a.json');
  await database.db.execute(
    `INSERT INTO call_records (tenant_id, file_id, stem, named_stem) VALUES ($1, $2, 'a', 'b')`,
    [tenantId, fileId],
  );
  await database.db.execute(
    `INSERT INTO calls (tenant_id, call_key, due_at) VALUES ($1, 'stem:a', '2026-03-01T11:00:00Z'), ($1, 'stem:b', NULL)`,
    [tenantId],
  );
  expect(await view.withdrawFile(tenantId, fileId)).toBe(true);
  const calls = 'SELECT call_key, due_at FROM calls WHERE tenant_id = $1 ORDER BY call_key';
  expect(await database.db.query(calls, [tenantId])).toEqual([
    { call_key: 'stem:a', due_at: new Date('2026-03-01T11:00:00Z') },
    { call_key: 'stem:b', due_at: new Date('2026-03-01T12:00:00Z') },
  ]);
});

test('a file is removed once, and one that has ended not at all', async () => {
  const fileId = await receive('a.wav');
  const answers = await Promise.all(Array.from({ length: 5 }, () => view.withdrawFile(tenantId, fileId)));
  expect(answers.filter(Boolean)).toHaveLength(1);
  const ended = await receive('b.wav');
  await end(ended, 'done', 'processed', 'b.wav');
  expect(await view.withdrawFile(tenantId, ended)).toBe(false);
  expect(await view.withdrawFile(tenantId, randomUUID())).toBe(false);
});

test('case 24: an upload refused for its size has a row and a receipt, but no place in the drop', async () => {
  const refusal = {
    fileId: randomUUID(),
    drop: 'sftp' as const,
    name: 'big.wav',
    sizeBytes: 2 ** 31 + 1,
    code: 'TOO_LARGE',
    sentBy: 'u',
  };
  await receiver.recordRefusal(tenantId, refusal);
  await receiver.recordRefusal(tenantId, refusal);
  expect(await names('rejected')).toEqual([]);
  expect(await view.findFile(tenantId, 'data', 'big.wav')).toBeNull();
  const receipt = JSON.parse(String(await view.readReceipt(tenantId, 'big.wav.json')));
  expect(receipt).toMatchObject({
    state: 'rejected',
    kind: 'recording',
    sizeBytes: 2 ** 31 + 1,
    outcome: { code: 'TOO_LARGE' },
  });
  expect(await stepsOf(refusal.fileId)).toEqual(['refused']);
});

test('a refusal takes only the codes that are public', async () => {
  const refusal = {
    fileId: randomUUID(),
    drop: 'sftp' as const,
    name: 'a.wav',
    sizeBytes: 1,
    code: 'NO_SUCH_CODE',
    sentBy: 'u',
  };
  await expect(receiver.recordRefusal(tenantId, refusal)).rejects.toThrow(TypeError);
});
