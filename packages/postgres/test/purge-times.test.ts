import { randomUUID } from 'node:crypto';
import {
  createTestDatabase,
  makeTenant,
  type TestClock,
  type TestDatabase,
  testClock,
} from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createFileReader } from '../src/drop/file-reader.ts';
import { createFileReceiver } from '../src/index.ts';
import { createSweepStore } from '../src/sweeps/sweep-store.ts';

const DAY_MS = 86_400_000;
const CAME_AT = new Date('2026-03-01T12:00:00Z');
/** 8 days after it came. */
const SEEN_AT = new Date('2026-03-09T12:00:00Z');

let database: TestDatabase;
let clock: TestClock;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  clock = await testClock(database.db);
});
beforeEach(async () => {
  await database.db.execute('DELETE FROM tenants');
  tenantId = await makeTenant(database.db);
  await clock.set(SEEN_AT.toISOString());
});
afterAll(() => database.drop());

async function receive(name: string, receivedAt?: Date): Promise<string> {
  const fileId = randomUUID();
  await createFileReceiver(database.db).receiveFile(tenantId, {
    fileId,
    drop: 's3',
    name,
    sizeBytes: 1,
    modifiedAt: CAME_AT,
    blobKey: `${tenantId}/${fileId}`,
    sentBy: 'u',
    receivedAt,
  });
  await database.db.execute(
    `UPDATE files SET classified_at = callbay_now(), state = 'held', outcome_code = 'NO_METADATA', outcome_message = '',
            outcome_fix = '', outcome_at = callbay_now() WHERE id = $1`,
    [fileId],
  );
  return fileId;
}

const purge = async (): Promise<string[]> => {
  const sweeps = createSweepStore(database.db);
  const purged: string[] = [];
  for (const file of await sweeps.findExpiredFiles(10)) {
    purged.push(...(await sweeps.purgeFiles(file.tenantId, [file])).map(({ fileId }) => fileId));
  }
  return purged;
};

test('case 118: a file that is found 8 days after it came is purged a day after it was found', async () => {
  const found = await receive('found.wav', CAME_AT);
  expect(await purge()).toEqual([]);
  await clock.advance(DAY_MS - 1);
  expect(await purge()).toEqual([]);
  await clock.advance(1);
  expect(await purge()).toEqual([found]);
});

test('case 118: the view, the warning and the preview give the time of the purge that will be', async () => {
  const found = await receive('found.wav', CAME_AT);
  const fresh = await receive('fresh.wav');
  const purgeAt = new Date(SEEN_AT.getTime() + DAY_MS);
  const sweeps = createSweepStore(database.db);
  const view = await createFileReader(database.db).findFile(tenantId, found);
  expect(view).toMatchObject({ receivedAt: CAME_AT.toISOString(), purgeAt: purgeAt.toISOString() });
  expect(await sweeps.warnOfPurges(tenantId, 10)).toBe(1);
  const [warning] = await database.db.query<{ at: string }>(
    `SELECT detail ->> 'purgeAt' AS at FROM file_steps WHERE file_id = $1`,
    [found],
  );
  expect(new Date(warning!.at)).toEqual(purgeAt);
  const preview = async (until: Date, after: { purgeAt: Date; fileId: string } | null = null) =>
    (await sweeps.previewPurge(tenantId, { until, limit: 1, after })).map((item) => [
      item.fileId,
      item.purgeAt,
    ]);
  expect(await preview(new Date(purgeAt.getTime() - 1))).toEqual([]);
  const later = new Date(SEEN_AT.getTime() + 7 * DAY_MS);
  expect(await preview(later)).toEqual([[found, purgeAt]]);
  expect(await preview(later, { purgeAt, fileId: found })).toEqual([[fresh, later]]);
  expect(await preview(later, { purgeAt: later, fileId: fresh })).toEqual([]);
});

test('a file that somebody has replayed since it was found to be old is not purged', async () => {
  const fileId = await receive('again.wav');
  await clock.advance(8 * DAY_MS);
  const sweeps = createSweepStore(database.db);
  const [found] = (await sweeps.findExpiredFiles(10)).filter((file) => file.fileId === fileId);
  await database.db.execute(
    `UPDATE files SET replay_seq = receive_seq + 1000, state = 'received', outcome_code = NULL, classified_at = NULL WHERE id = $1`,
    [fileId],
  );
  expect(await sweeps.purgeFiles(tenantId, [found!])).toEqual([]);
  const [file] = await database.db.query('SELECT purged_at, state FROM files WHERE id = $1', [fileId]);
  expect(file).toEqual({ purged_at: null, state: 'received' });
});
