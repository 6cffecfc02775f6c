import { scryptSync } from 'node:crypto';
import { DSA, ED25519, OTHER_ED25519, RSA_1024, RSA_2048 } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, startApi, type TestApi } from './support.ts';

const PRINTED = 'SHA256:ZulfriEF/NN4oDpDOIhS0l4LrgznbEUfnJi/P/7SLHQ';
const USERS = 'tenants/acme/sftp-users';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'acme2']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});

afterAll(() => api[Symbol.asyncDispose]());

const create = (body: Record<string, unknown> = {}): Promise<Answer> =>
  api.ask(`POST /v1/${USERS}`, { body });

/** The user names told to the SFTP servers while `change` ran. */
async function toldAccess(change: () => Promise<unknown>): Promise<string[]> {
  const client = await api.db.pool.connect();
  const told: string[] = [];
  client.on('notification', ({ payload = '' }) => told.push(payload));
  await client.query('LISTEN callbay_access');
  await change();
  // A round trip behind the commit: Postgres delivers what was told before it answers.
  await client.query('SELECT 1');
  // Not back into the pool: it still listens.
  client.release(true);
  return told;
}

describe('SFTP users', () => {
  test('a user is told where to connect, with a name of its tenant and the fingerprint that ssh-keygen prints', async () => {
    await api.db.execute(`INSERT INTO host_keys (type, sealed, public_key) VALUES ('ed25519', 'x', $1)`, [
      OTHER_ED25519,
    ]);
    const { status, body } = await create({ publicKey: ED25519, label: 'nightly' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      host: 'sftp.example.com',
      port: 2222,
      label: 'nightly',
      canRead: 'all',
      hasPassword: false,
    });
    expect(body.username).toMatch(/^acme-[0-9a-f]{8}$/);
    expect(body.hostKeys).toMatchObject([
      { publicKey: OTHER_ED25519, fingerprint: expect.stringMatching(/^SHA256:/) },
    ]);
    expect(body.keys).toMatchObject([
      { type: 'ssh-ed25519', label: 'ops@acme', fingerprint: PRINTED, lastUsedAt: null },
    ]);
    expect(body).not.toHaveProperty('password');
  });

  test('a name is unique over all tenants', async () => {
    expect((await create({ username: 'robot' })).status).toBe(201);
    expect((await create({ username: 'robot' })).body.code).toBe('CONFLICT');
    const other = await api.ask('POST /v1/tenants/acme2/sftp-users', { body: { username: 'robot' } });
    expect(other.body.code).toBe('CONFLICT');
  });

  test('a password needs the tenant to allow it, is shown once, and is kept as a hash that verifies it', async () => {
    expect((await create({ withPassword: true })).body.code).toBe('UNPROCESSABLE');
    await api.ask('PATCH /v1/tenants/acme', { body: { settings: { passwordLogin: true } } });
    const { body } = await create({ withPassword: true });
    expect(body.password.length).toBeGreaterThanOrEqual(24);
    const again = await api.ask(`GET /v1/${USERS}/${body.username}`);
    expect(again.body).toMatchObject({ hasPassword: true });
    expect(again.text).not.toContain(body.password);
    const [row] = await api.db.query<{ hash: string }>(
      'SELECT password_hash AS hash FROM sftp_users WHERE username = $1',
      [body.username],
    );
    const [, N, r, p, salt = '', hash = ''] = row?.hash.split('$') ?? [];
    const cost = { N: Number(N), r: Number(r), p: Number(p), maxmem: 2 ** 27 };
    expect(scryptSync(body.password, Buffer.from(salt, 'base64'), 32, cost).toString('base64')).toBe(hash);
  });

  test('addresses and ranges are kept as ranges; what is none is refused', async () => {
    const { body } = await create({ allowedCidrs: ['203.0.113.7', '10.0.0.0/8', '2001:db8::1'] });
    expect(body.allowedCidrs).toEqual(['203.0.113.7/32', '10.0.0.0/8', '2001:db8::1/128']);
    for (const wrong of ['10.0.0.0/33', 'example.com', '1.2.3', '2001:db8::/129', '']) {
      expect((await create({ allowedCidrs: [wrong] })).body.issues, wrong).toMatchObject([
        { at: 'allowedCidrs[0]' },
      ]);
    }
  });

  test('every change is told to the SFTP servers and audited', async () => {
    const { username } = (await create({ label: 'told' })).body;
    const path = `/v1/${USERS}/${username}`;
    const told = await toldAccess(async () => {
      const change = { label: null, canRead: 'receipts', allowedCidrs: ['10.0.0.0/8'] };
      expect((await api.ask(`PATCH ${path}`, { body: change })).body).toMatchObject(change);
      const { id } = (await api.ask(`POST ${path}/keys`, { body: { publicKey: ED25519 } })).body;
      expect((await api.ask(`DELETE ${path}/keys/${id}`)).status).toBe(204);
      expect((await api.ask(`DELETE ${path}`)).status).toBe(204);
      expect((await api.ask(`GET ${path}`)).status).toBe(404);
    });
    expect(told).toEqual([username, username, username, username]);
    const { body } = await api.ask('GET /v1/audit?tenantId=acme&limit=5');
    const rows = body.items.map(({ action, target }: { action: string; target: string }) => [action, target]);
    expect(rows).toEqual([
      ['sftpUser.delete', username],
      ['sftpKey.delete', username],
      ['sftpKey.create', username],
      ['sftpUser.update', username],
      ['sftpUser.create', username],
    ]);
  });

  test('a suspended tenant’s users are told too, so that open sessions end', async () => {
    await api.ask('POST /v1/tenants', { body: { id: 'leaver', name: 'Leaver' } });
    const { username } = (await api.ask('POST /v1/tenants/leaver/sftp-users')).body;
    const told = await toldAccess(() =>
      api.ask('PATCH /v1/tenants/leaver', { body: { stage: 'suspended' } }),
    );
    expect(told).toEqual([username]);
  });

  test('a password is replaced by a new one, or removed', async () => {
    const { username, password } = (await create({ withPassword: true })).body;
    const replaced = await api.ask(`PATCH /v1/${USERS}/${username}`, { body: { withPassword: true } });
    expect(replaced.body.password).not.toBe(password);
    const kept = await api.ask(`PATCH /v1/${USERS}/${username}`, { body: { label: 'x' } });
    expect(kept.body).toMatchObject({ hasPassword: true, label: 'x' });
    const removed = await api.ask(`PATCH /v1/${USERS}/${username}`, { body: { withPassword: false } });
    expect(removed.body).toMatchObject({ hasPassword: false, label: 'x' });
  });
});

describe('SFTP keys', () => {
  test('keys are rotated: a second beside the first, then the first goes', async () => {
    const { username, keys } = (await create({ publicKey: ED25519 })).body;
    const path = `/v1/${USERS}/${username}/keys`;
    const expiresAt = '2030-01-01T01:00:00+01:00';
    const added = await api.ask(`POST ${path}`, { body: { publicKey: RSA_2048, label: 'new', expiresAt } });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      type: 'ssh-rsa',
      label: 'new',
      expiresAt: '2030-01-01T00:00:00.000Z',
    });
    expect((await api.ask(`DELETE ${path}/${keys[0].id}`)).status).toBe(204);
    const { body } = await api.ask(`GET ${path}`);
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual([added.body.id]);
  });

  test('the same key twice for one user is a conflict', async () => {
    const { username } = (await create({ publicKey: ED25519 })).body;
    const again = await api.ask(`POST /v1/${USERS}/${username}/keys`, {
      body: { publicKey: `${ED25519}-elsewhere` },
    });
    expect([again.status, again.body.code]).toEqual([409, 'CONFLICT']);
  });

  test.each([
    ['DSA', DSA],
    ['RSA under 2048 bits', RSA_1024],
    [
      'a private key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----',
    ],
  ])('%s is refused at its field with a sentence, and nothing is made', async (_title, publicKey) => {
    const { status, body, text } = await create({ username: 'refused', publicKey });
    expect(status).toBe(400);
    expect(body.issues).toMatchObject([{ code: 'PUBLIC_KEY_INVALID', at: 'publicKey' }]);
    expect(text).not.toContain('b3BlbnNzaC1rZXk');
    expect((await api.ask(`GET /v1/${USERS}/refused`)).status).toBe(404);
  });
});
