import { randomUUID } from 'node:crypto';
import { canonicalStem, DEFAULT_SETTINGS, parseFileName, stripSourcePrefix } from '@callbay/core';
import type { FileToReceive } from '@callbay/ingestion';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFileReceiver } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const NAMES = [
  'ringcentral_BX.wav',
  'ring_BX.wav',
  'ringcentral_.wav',
  'BX.wav',
  'RINGCENTRAL_a.wav',
  'ring%_a.wav',
  'ring_ringcentral_a.wav',
  'e\u0301_a.wav',
  '\u00e9_b.wav',
  '😀_a.wav',
  'ringcentral_20260302-100000_in_1.wav',
];

const fileOf = (name: string): FileToReceive => {
  const fileId = randomUUID();
  return { fileId, drop: 'sftp', name, sizeBytes: 1, modifiedAt: new Date(), blobKey: fileId, sentBy: 'u' };
};

/** In the order of arrival. */
async function stemsOf(tenantId: string): Promise<string[]> {
  const rows = await database.db.query<{ stem: string }>(
    'SELECT stem FROM files WHERE tenant_id = $1 ORDER BY receive_seq',
    [tenantId],
  );
  return rows.map(({ stem }) => stem);
}

const setPrefixes = (tenantId: string, prefixes: readonly string[]) =>
  database.db.execute(
    `UPDATE tenants SET settings = settings || jsonb_build_object('sourcePrefixes', $2::jsonb) WHERE id = $1`,
    [tenantId, JSON.stringify(prefixes)],
  );

test('case 12: intake strips the prefixes that reading strips, so that an unread file counts for its call', async () => {
  const sourcePrefixes = ['ring_', 'ringcentral_', 'ring%', '\u00e9_', '😀_', ''];
  const settings = { ...DEFAULT_SETTINGS, sourcePrefixes };
  const tenantId = await makeTenant(database.db, { settings });
  const store = createFileReceiver(database.db);
  for (const name of NAMES) await store.receiveFile(tenantId, fileOf(name));
  const pure = NAMES.map((name) => stripSourcePrefix(canonicalStem(name).stem, sourcePrefixes));
  expect(await stemsOf(tenantId)).toEqual(pure);
  expect(NAMES.map((name) => parseFileName(name, settings).stem)).toEqual(pure);
  expect(pure.slice(0, 3)).toEqual(['BX', 'BX', 'ringcentral_']);
});

test('a file that came after a change of the source prefixes is known by the new ones, at every door', async () => {
  const tenantId = await makeTenant(database.db);
  const doors = [createFileReceiver(database.db), createFileReceiver(database.db)];
  for (const door of doors) await door.receiveFile(tenantId, fileOf('zoom_a.wav'));
  await setPrefixes(tenantId, ['zoom_']);
  for (const door of doors) await door.receiveFile(tenantId, fileOf('zoom_a.wav'));
  const together = await Promise.all(
    ['zoom_b.wav', 'zoom_c.wav'].map((name) => doors[0]!.receiveFile(tenantId, fileOf(name))),
  );
  expect(await stemsOf(tenantId)).toEqual(['zoom_a', 'zoom_a', 'a', 'a', 'b', 'c']);
  expect(together.map(({ seq }) => seq)).toEqual([5, 6]);
});

test('a file of a tenant that was deleted since the last one is refused', async () => {
  const tenantId = await makeTenant(database.db);
  const store = createFileReceiver(database.db);
  await store.receiveFile(tenantId, fileOf('a.wav'));
  await database.db.execute('DELETE FROM tenants WHERE id = $1', [tenantId]);
  await expect(store.receiveFile(tenantId, fileOf('b.wav'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
