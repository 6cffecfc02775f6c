import { randomUUID } from 'node:crypto';
import { canonicalStem, DEFAULT_SETTINGS, parseFileName, stripSourcePrefix } from '@callbay/core';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDropStore } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const NAMES = [
  ...['ringcentral_BX.wav', 'ring_BX.wav', 'ringcentral_.wav', 'BX.wav', 'RINGCENTRAL_a.wav', 'ring%_a.wav'],
  ...[
    'ring_ringcentral_a.wav',
    'e\u0301_a.wav',
    '\u00e9_b.wav',
    '😀_a.wav',
    'ringcentral_20260302-100000_in_1.wav',
  ],
];

test('case 12: intake strips the prefixes that reading strips, so that an unread file counts for its call', async () => {
  const sourcePrefixes = ['ring_', 'ringcentral_', 'ring%', '\u00e9_', '😀_', ''];
  const settings = { ...DEFAULT_SETTINGS, sourcePrefixes };
  const tenantId = await makeTenant(database.db, { settings });
  const store = createDropStore(database.db);
  for (const name of NAMES) {
    const fileId = randomUUID();
    await store.receiveFile(tenantId, {
      ...{ fileId, drop: 'sftp', name, sizeBytes: 1, modifiedAt: new Date(), blobKey: fileId, sentBy: 'u' },
    });
  }
  const rows = await database.db.query<{ name: string; stem: string }>(
    'SELECT name, stem FROM files WHERE tenant_id = $1 ORDER BY receive_seq',
    [tenantId],
  );
  const pure = NAMES.map((name) => stripSourcePrefix(canonicalStem(name).stem, sourcePrefixes));
  expect(rows.map(({ stem }) => stem)).toEqual(pure);
  expect(NAMES.map((name) => parseFileName(name, settings).stem)).toEqual(pure);
  expect(pure.slice(0, 3)).toEqual(['BX', 'BX', 'ringcentral_']);
});
