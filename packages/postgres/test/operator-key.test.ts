import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiKeyId, digestOf } from '@callbay/ingestion';
import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeyStore, ensureOperatorKey } from '../src/index.ts';

let database: TestDatabase;
let folder: string;
let keyFile: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'callbay-operator-'));
  keyFile = join(folder, 'operator.key');
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const ensure = (): Promise<void> => ensureOperatorKey(database.connectionString, keyFile);
const readKey = async (): Promise<string> => (await readFile(keyFile, 'utf8')).trim();
const countKeys = async (): Promise<number> => (await database.db.query('SELECT FROM api_keys')).length;

test('the first start writes an operator key that only its owner can read, and audits it', async () => {
  await ensure();
  const key = await readKey();
  const credential = await createKeyStore(database.db).findUsable(apiKeyId(key) ?? '');
  expect(credential).toMatchObject({ form: 'key', role: 'operator', tenantIds: [], digest: digestOf(key) });
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const audit = await database.db.query('SELECT tenant_id, actor, action, target FROM audit_log');
  expect(audit).toEqual([
    { tenant_id: null, actor: 'callbay', action: 'apiKey.create', target: credential?.id },
  ]);
});

test('later starts, and many at once, keep the one key', async () => {
  await Promise.all([ensure(), ensure(), ensure(), ensure()]);
  const key = await readKey();
  await ensure();
  expect([await readKey(), await countKeys()]).toEqual([key, 1]);
});

test('a lost file gets a new key, as does a file of another database', async () => {
  await ensure();
  const first = await readKey();
  await rm(keyFile);
  await ensure();
  expect(await readKey()).not.toBe(first);
  await writeFile(keyFile, `cb_${'0'.repeat(32)}_${'A'.repeat(43)}\n`);
  await ensure();
  expect(await countKeys()).toBe(3);
});

test('a revoked key is not made again while its file is there', async () => {
  await ensure();
  const key = await readKey();
  const id = apiKeyId(key) ?? '';
  const by = { name: 'somebody', remoteAddress: null };
  expect(await createKeyStore(database.db).revokeCredential(id, null, by)).toBe(true);
  await ensure();
  expect([await readKey(), await countKeys()]).toEqual([key, 1]);
});

test('a file that others could read is closed again', async () => {
  await ensure();
  await chmod(keyFile, 0o644);
  await ensure();
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
});
