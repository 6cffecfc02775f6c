import { randomUUID } from 'node:crypto';
import type { SftpAccountStore } from '@callbay/ingestion';
import {
  createTestDatabase,
  makeSftpUser,
  makeTenant,
  type TestClock,
  type TestDatabase,
  testClock,
} from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createSftpAccountStore } from '../src/index.ts';

/** Stands for the secret key: what is sealed for one context opens only there. */
const sealer = {
  seal: (text: string, context: string) => Buffer.from(JSON.stringify({ text, context })).toString('base64'),
  unseal: (sealed: string, context: string) => {
    const box = JSON.parse(Buffer.from(sealed, 'base64').toString());
    if (box.context !== context) throw new Error('sealed for another context');
    return box.text as string;
  },
};

let database: TestDatabase;
let clock: TestClock;
let store: SftpAccountStore;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  clock = await testClock(database.db);
});
beforeEach(async () => {
  await clock.release();
  store = createSftpAccountStore(database.db, sealer);
  tenantId = await makeTenant(database.db);
});
afterAll(() => database.drop());

const notify = (username: string) => database.db.query(`SELECT pg_notify('callbay_access', $1)`, [username]);

test('an account comes with its tenant, its limits and all its keys', async () => {
  const user = await makeSftpUser(database.db, tenantId, {
    canRead: 'receipts',
    allowedCidrs: ['10.0.0.0/8'],
  });
  await clock.set('2026-12-31T23:59:00Z');
  const expiresAt = new Date('2027-01-01T00:00:00Z');
  const secondId = randomUUID();
  await database.db.execute(
    `INSERT INTO sftp_keys (tenant_id, id, username, type, public_key, fingerprint, expires_at, created_at)
     VALUES ($1, $2, $3, 'ssh-rsa', 'AAAA', 'SHA256:x', $4, now() + interval '1 hour')`,
    [tenantId, secondId, user.username, expiresAt],
  );
  expect(await store.findAccount(user.username)).toEqual({
    tenantId,
    username: user.username,
    canRead: 'receipts',
    allowedCidrs: ['10.0.0.0/8'],
    temporaryNames: null,
    passwordHash: null,
    keys: [
      { id: user.keyId, publicKey: user.publicKey, expiresInMs: null },
      { id: secondId, publicKey: 'AAAA', expiresInMs: 60_000 },
    ],
  });
});

test('how long a key has left is judged by the clock of the database', async () => {
  const expiresAt = new Date('2027-01-01T00:00:00Z');
  const user = await makeSftpUser(database.db, tenantId, { expiresAt });
  const leftMs = async () => (await store.findAccount(user.username))?.keys[0]?.expiresInMs;
  await clock.set('2026-12-31T23:59:59.999Z');
  expect(await leftMs()).toBe(1);
  await clock.advance(2);
  expect(await leftMs()).toBe(-1);
});

test('an unknown user and a user of a suspended tenant have no account', async () => {
  const user = await makeSftpUser(database.db, tenantId);
  await database.db.execute(`UPDATE tenants SET stage = 'suspended' WHERE id = $1`, [tenantId]);
  expect(await store.findAccount(user.username)).toBeNull();
  expect(await store.findAccount('nobody')).toBeNull();
});

test('a user without keys has an account, and a password counts only where its tenant allows passwords', async () => {
  const user = await makeSftpUser(database.db, tenantId, { passwordHash: 'hash' });
  await database.db.execute('DELETE FROM sftp_keys WHERE tenant_id = $1', [tenantId]);
  expect(await store.findAccount(user.username)).toMatchObject({ keys: [], passwordHash: null });
  const open = await makeTenant(database.db, { settings: { passwordLogin: true } });
  const other = await makeSftpUser(database.db, open, { passwordHash: 'hash' });
  expect(await store.findAccount(other.username)).toMatchObject({ passwordHash: 'hash' });
});

test('the use of a key is noted at most once a minute, and only within its tenant', async () => {
  const { keyId } = await makeSftpUser(database.db, tenantId);
  const lastUsed = async () =>
    (
      await database.db.query<{ at: Date | null }>('SELECT last_used_at AS at FROM sftp_keys WHERE id = $1', [
        keyId,
      ])
    )[0]?.at;
  await clock.set('2026-03-01T12:00:00Z');
  await store.touchKey('another', keyId);
  expect(await lastUsed()).toBeNull();
  await store.touchKey(tenantId, keyId);
  await clock.advance(59_999);
  await store.touchKey(tenantId, keyId);
  expect(await lastUsed()).toEqual(new Date('2026-03-01T12:00:00Z'));
  await clock.advance(1);
  await store.touchKey(tenantId, keyId);
  expect(await lastUsed()).toEqual(new Date('2026-03-01T12:01:00Z'));
});

test("an audit entry stands with the database's time, also without a tenant", async () => {
  await clock.set('2026-03-01T12:00:00Z');
  const entry = {
    actor: 'u',
    action: 'sftp.login',
    target: 't',
    remoteAddress: '10.0.0.1',
    detail: { result: 'ok' },
  };
  await store.appendAudit(tenantId, entry);
  await store.appendAudit(null, { ...entry, remoteAddress: null });
  const rows = await database.db.query(
    'SELECT tenant_id, at, actor, action, target, remote_address, detail FROM audit_log ORDER BY id',
  );
  const row = {
    actor: 'u',
    action: 'sftp.login',
    target: 't',
    detail: { result: 'ok' },
    at: new Date('2026-03-01T12:00:00Z'),
  };
  expect(rows).toEqual([
    { ...row, tenant_id: tenantId, remote_address: '10.0.0.1' },
    { ...row, tenant_id: null, remote_address: null },
  ]);
});

test('host keys are made once, sealed, and the same for every node that starts at the same time', async () => {
  let made = 0;
  const make = () => {
    made += 1;
    const type = (name: 'rsa' | 'ed25519') => ({
      type: name,
      privateKey: `private ${made}`,
      publicKey: `public ${made}`,
    });
    return [type('rsa'), type('ed25519')];
  };
  const nodes = await Promise.all(Array.from({ length: 4 }, () => store.loadHostKeys(make)));
  expect(nodes[0]?.map(({ type }) => type)).toEqual(['ed25519', 'rsa']);
  for (const node of nodes) expect(node).toEqual(nodes[0]);
  const before = made;
  expect(await store.loadHostKeys(make)).toEqual(nodes[0]);
  expect(made).toBe(before);
  const rows = await database.db.query<{ sealed: string }>('SELECT sealed FROM host_keys');
  for (const { sealed } of rows) expect(sealed).not.toContain('private');
});

test('case 98: a change of access reaches every watch, by user name', async () => {
  const heard = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const watches = await Promise.all(heard.map(({ resolve }) => store.watchAccess(resolve)));
  await notify('acme-1');
  expect(await Promise.all(heard.map(({ promise }) => promise))).toEqual(['acme-1', 'acme-1']);
  for (const watch of watches) await watch[Symbol.asyncDispose]();
});

test('case 98: a watch whose connection was cut tells of every user answered for, then of changes again', async () => {
  const user = await makeSftpUser(database.db, tenantId);
  await store.findAccount(user.username);
  await store.findAccount('nobody');
  const heard: string[] = [];
  let more = Promise.withResolvers<void>();
  await using _watch = await store.watchAccess((username) => {
    heard.push(username);
    more.resolve();
  });
  const cut = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE application_name = 'callbay-access' AND datname = current_database()`;
  expect(await database.db.query(cut)).toHaveLength(1);
  await more.promise;
  expect(heard).toEqual([user.username]);
  more = Promise.withResolvers<void>();
  await notify('acme-1');
  await more.promise;
  expect(heard).toEqual([user.username, 'acme-1']);
});

test('a closed watch leaves no connection behind', async () => {
  const watch = await store.watchAccess(() => {});
  await watch[Symbol.asyncDispose]();
  const open = `SELECT FROM pg_stat_activity WHERE application_name = 'callbay-access' AND datname = current_database()`;
  await expect.poll(async () => (await database.db.query(open)).length).toBe(0);
});
