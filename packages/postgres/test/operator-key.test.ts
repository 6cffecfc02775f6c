import { apiKeyId, digestOf } from '@callbay/ingestion';
import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeyStore, ensureOperatorKey, type KeyFile } from '../src/index.ts';

let database: TestDatabase;
let kept: string | null;

beforeEach(async () => {
  database = await createTestDatabase();
  kept = null;
});

afterEach(() => database.drop());

const keyFile: KeyFile = {
  read: async () => kept,
  write: async (key) => {
    kept = key;
  },
};
const ensure = (): Promise<void> => ensureOperatorKey(database.connectionString, keyFile);
const readKey = (): string => kept ?? '';
const countKeys = async (): Promise<number> => (await database.db.query('SELECT FROM api_keys')).length;

test('the first start writes an operator key and audits it', async () => {
  await ensure();
  const key = readKey();
  const credential = await createKeyStore(database.db).findUsable(apiKeyId(key) ?? '');
  expect(credential).toMatchObject({ form: 'key', role: 'operator', tenantIds: [], digest: digestOf(key) });
  const audit = await database.db.query('SELECT tenant_id, actor, action, target FROM audit_log');
  expect(audit).toEqual([
    { tenant_id: null, actor: 'callbay', action: 'apiKey.create', target: credential?.id },
  ]);
});

test('later starts, and many at once, keep the one key', async () => {
  await Promise.all([ensure(), ensure(), ensure(), ensure()]);
  const key = readKey();
  await ensure();
  expect([readKey(), await countKeys()]).toEqual([key, 1]);
});

test('a lost file gets a new key, as does a file of another database', async () => {
  await ensure();
  const first = readKey();
  kept = null;
  await ensure();
  expect(readKey()).not.toBe(first);
  kept = `cb_${'0'.repeat(32)}_${'A'.repeat(43)}`;
  await ensure();
  expect(await countKeys()).toBe(3);
});

test('a revoked key is not made again while its file is there', async () => {
  await ensure();
  const key = readKey();
  const id = apiKeyId(key) ?? '';
  const by = { name: 'somebody', remoteAddress: null };
  expect(await createKeyStore(database.db).revokeCredential(id, null, by)).toBe(true);
  await ensure();
  expect([readKey(), await countKeys()]).toEqual([key, 1]);
});
