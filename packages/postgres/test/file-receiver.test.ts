import { randomUUID } from 'node:crypto';
import type { FileToReceive } from '@callbay/ingestion';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDropView, createFileReceiver, openDatabase } from '../src/index.ts';

let database: TestDatabase;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  tenantId = await makeTenant(database.db);
});
afterAll(() => database.drop());

const fileOf = (name: string): FileToReceive => {
  const fileId = randomUUID();
  return { fileId, drop: 'sftp', name, sizeBytes: 10, modifiedAt: new Date(), blobKey: fileId, sentBy: 'u' };
};
const filesOf = (count: number, prefix = 'f') =>
  Array.from({ length: count }, (_, index) => fileOf(`${prefix}${index}.wav`));

test('files of one process that come at once keep the order in which they came', async () => {
  const store = createFileReceiver(database.db);
  const files = filesOf(500);
  const answers = await Promise.all(files.map((file) => store.receiveFile(tenantId, file)));
  expect(answers.map(({ seq }) => seq)).toEqual(files.map((_, index) => index + 1));
  expect(answers.map(({ fileId }) => fileId)).toEqual(files.map(({ fileId }) => fileId));
  const rows = await database.db.query<{ name: string }>(
    'SELECT name FROM files WHERE tenant_id = $1 ORDER BY receive_seq',
    [tenantId],
  );
  expect(rows.map(({ name }) => name)).toEqual(files.map(({ name }) => name));
});

test('several nodes at once take every sequence once, and no later one has an earlier instant', async () => {
  const nodes = Array.from({ length: 4 }, () =>
    openDatabase({
      connectionString: database.connectionString,
      max: 3,
      applicationName: 'callbay-test-node',
    }),
  );
  const shared = filesOf(20, 'shared');
  const answers = await Promise.all(
    nodes.flatMap((db, node) => {
      const store = createFileReceiver(db);
      return [...filesOf(100, `n${node}-`), ...shared].map((file) => store.receiveFile(tenantId, file));
    }),
  );
  const bySeq = new Map(answers.map((answer) => [answer.seq, answer]));
  expect(bySeq.size).toBe(420);
  const inOrder = [...bySeq.values()].toSorted((a, b) => a.seq - b.seq);
  const instants = inOrder.map(({ receivedAt }) => receivedAt.getTime());
  expect(instants).toEqual(instants.toSorted((a, b) => a - b));
  for (const { fileId } of shared) {
    const seqs = new Set(answers.filter((answer) => answer.fileId === fileId).map(({ seq }) => seq));
    expect(seqs.size).toBe(1);
  }
  for (const db of nodes) await db.close();
});

test('a file that the database refuses spoils none of those that came with it', async () => {
  const store = createFileReceiver(database.db);
  const files = [fileOf('first.wav'), fileOf('a.wav'), fileOf('nul\0.wav'), fileOf('b.wav')];
  const ends = await Promise.allSettled(files.map((file) => store.receiveFile(tenantId, file)));
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  const listed = await createDropView(database.db).listFolder(tenantId, 'data', {
    afterName: null,
    limit: 10,
  });
  expect(listed.map(({ name }) => name)).toEqual(['a.wav', 'b.wav', 'first.wav']);
});

test('case 100: while the database is away every caller hears a retryable UNAVAILABLE', async () => {
  const connectionString = 'postgresql://nobody@127.0.0.1:1/none';
  await using away = openDatabase({ connectionString, max: 2, applicationName: 'callbay-test-away' });
  const store = createFileReceiver(away);
  const ends = await Promise.allSettled(filesOf(5).map((file) => store.receiveFile(tenantId, file)));
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
});

const timesOf = async (fileId: string) =>
  (
    await database.db.query<{ receivedAt: Date; seenAt: Date | null }>(
      'SELECT received_at AS "receivedAt", seen_at AS "seenAt" FROM files WHERE tenant_id = $1 AND id = $2',
      [tenantId, fileId],
    )
  )[0];

test('a time that a door gives is kept beside the time it was seen, and sequences stay in the order of commits', async () => {
  const receiver = createFileReceiver(database.db);
  const receivedAt = new Date('2026-01-02T03:04:05.678Z');
  const before = await receiver.receiveFile(tenantId, fileOf('first.wav'));
  const file: FileToReceive = { ...fileOf('found.wav'), drop: 's3', receivedAt };
  const found = await receiver.receiveFile(tenantId, file);
  expect(found).toEqual({ fileId: file.fileId, receivedAt, seq: before.seq + 1 });
  expect((await timesOf(file.fileId))?.seenAt?.getTime()).toBeGreaterThanOrEqual(before.receivedAt.getTime());
  expect((await timesOf(before.fileId))?.seenAt).toBeNull();
});

test('the same file id with another time changes nothing and answers what it was given', async () => {
  const receiver = createFileReceiver(database.db);
  const file: FileToReceive = {
    ...fileOf('a.wav'),
    drop: 's3',
    receivedAt: new Date('2026-01-02T00:00:00Z'),
  };
  const first = await receiver.receiveFile(tenantId, file);
  const again = { ...file, receivedAt: new Date('2026-02-02T00:00:00Z') };
  expect(await receiver.receiveFile(tenantId, again)).toEqual(first);
});

test('no file is received later than now, whatever its door says', async () => {
  const receiver = createFileReceiver(database.db);
  const ahead = new Date(Date.now() + 86_400_000);
  const file: FileToReceive = { ...fileOf('a.wav'), drop: 's3', receivedAt: ahead };
  const { receivedAt } = await receiver.receiveFile(tenantId, file);
  expect(receivedAt.getTime()).toBeLessThan(ahead.getTime() - 3_600_000);
  expect((await timesOf(file.fileId))?.seenAt).toBeNull();
});

test('a refusal at another door has its drop and the time that the door gives', async () => {
  const receiver = createFileReceiver(database.db);
  const receivedAt = new Date('2026-01-02T03:04:05.678Z');
  const refusal = {
    fileId: randomUUID(),
    drop: 's3' as const,
    name: 'a.wav',
    sizeBytes: 2 ** 40,
    code: 'TOO_LARGE',
  };
  await receiver.recordRefusal(tenantId, { ...refusal, sentBy: 'u', receivedAt });
  expect((await timesOf(refusal.fileId))?.receivedAt).toEqual(receivedAt);
  const [row] = await database.db.query('SELECT drop FROM files WHERE id = $1', [refusal.fileId]);
  expect(row).toEqual({ drop: 's3' });
});
