import { pageOf, type SftpKey, toPage } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { Actor, SftpKeyToAdd, SftpUserRow, SftpUserStore, SftpUserToCreate } from '@callbay/ingestion';
import { type Database, type Sql, transact } from '../database/database.ts';
import { fillPage } from '../database/page.ts';
import { sqlState } from '../database/pg-errors.ts';
import { readPrisma } from '../database/read-prisma.ts';
import { tellAccess } from '../tenants/policies.ts';
import { audit } from './audit.ts';
import { deleteUser, updateUser } from './sftp-user-changes.ts';

/** More keys than a rotation ever needs; a login tries each. */
const MAX_KEYS = 50;

const WITH_KEYS = { include: { keys: { orderBy: { id: 'asc' }, take: MAX_KEYS } } } as const;

export function createSftpUserStore(db: Database): SftpUserStore {
  const findUser = async (tenantId: string, username: string): Promise<SftpUserRow | null> => {
    const row = await readPrisma(db, (prisma) =>
      prisma.sftpUser.findUnique({ where: { tenantId_username: { tenantId, username } }, ...WITH_KEYS }),
    );
    return row && toUser(row);
  };

  return {
    findUser,

    async createUser(tenantId, user, by) {
      await onTakenName(() => transact(db, (tx) => createUser(tx, tenantId, user, by)));
      const created = await findUser(tenantId, user.username);
      if (created === null)
        throw new CallbayError('CONFLICT', 'The user was removed right after it was created.');
      return created;
    },

    async listUsers(tenantId, { limit, cursor }) {
      const load = (after: string | undefined, take: number) =>
        readPrisma(db, (prisma) =>
          prisma.sftpUser.findMany({
            where: { tenantId, ...(after === undefined ? {} : { username: { gt: after } }) },
            orderBy: { username: 'asc' },
            take,
            ...WITH_KEYS,
          }),
        );
      const page = await fillPage<Awaited<ReturnType<typeof load>>[number]>({
        limit,
        load: (after, rows) => load(after?.username ?? cursor, rows),
        heavyOf: ({ keys, allowedCidrs }) => [keys, allowedCidrs],
      });
      return pageOf(page, toUser, (row) => row.username);
    },

    async updateUser(tenantId, username, update, by) {
      const isThere = await transact(db, (tx) => updateUser(tx, tenantId, username, update, by));
      return isThere ? findUser(tenantId, username) : null;
    },

    deleteUser: (tenantId, username, by) => transact(db, (tx) => deleteUser(tx, tenantId, username, by)),

    addKey: (tenantId, username, key, by) => transact(db, (tx) => addKey(tx, tenantId, username, key, by)),

    async listKeys(tenantId, username, { limit, cursor }) {
      if ((await findUser(tenantId, username)) === null) return null;
      const rows = await readPrisma(db, (prisma) =>
        prisma.sftpKey.findMany({
          where: { tenantId, username, ...(cursor === undefined ? {} : { id: { gt: cursor } }) },
          orderBy: { id: 'asc' },
          take: limit + 1,
        }),
      );
      return toPage(rows, limit, toKey, (row) => row.id);
    },

    deleteKey: (tenantId, username, keyId, by) =>
      transact(db, async (tx) => {
        const deleted = await tx.query<{ fingerprint: string }>(
          'DELETE FROM sftp_keys WHERE tenant_id = $1 AND username = $2 AND id = $3 RETURNING fingerprint',
          [tenantId, username, keyId],
        );
        const [key] = deleted;
        if (key === undefined) return false;
        await tellAccess(tx, [username]);
        const detail = { keyId, fingerprint: key.fingerprint };
        await audit(tx, by, { tenantId, action: 'sftpKey.delete', target: username, detail });
        return true;
      }),

    async listHostKeys() {
      const rows = await readPrisma(db, (prisma) =>
        prisma.hostKey.findMany({ orderBy: { type: 'asc' }, take: 10 }),
      );
      return rows.map(({ type, publicKey }) => ({ type, publicKey }));
    },
  };
}

/** Names are unique over all tenants; the clash says nothing of whose the other one is. */
async function onTakenName<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    if (sqlState(error) !== '23505') throw error;
    throw new CallbayError('CONFLICT', 'This user name is taken: choose another.', { cause: error });
  }
}

async function createUser(tx: Sql, tenantId: string, user: SftpUserToCreate, by: Actor): Promise<void> {
  const { username, label, canRead, allowedCidrs, passwordHash, key } = user;
  await tx.execute(
    `INSERT INTO sftp_users (tenant_id, username, label, can_read, allowed_cidrs, password_hash, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, callbay_now())`,
    [tenantId, username, label, canRead, allowedCidrs, passwordHash],
  );
  if (key !== null) await insertKey(tx, tenantId, username, key);
  await tellAccess(tx, [username]);
  const detail = {
    label,
    canRead,
    allowedCidrs,
    hasPassword: passwordHash !== null,
    fingerprint: key?.fingerprint ?? null,
  };
  await audit(tx, by, { tenantId, action: 'sftpUser.create', target: username, detail });
}

async function addKey(
  tx: Sql,
  tenantId: string,
  username: string,
  key: SftpKeyToAdd,
  by: Actor,
): Promise<SftpKey | null> {
  const users = await tx.query('SELECT FROM sftp_users WHERE tenant_id = $1 AND username = $2 FOR UPDATE', [
    tenantId,
    username,
  ]);
  if (users.length === 0) return null;
  const present = await tx.query<{ fingerprint: string }>(
    `SELECT fingerprint FROM sftp_keys WHERE tenant_id = $1 AND username = $2 LIMIT ${MAX_KEYS}`,
    [tenantId, username],
  );
  if (present.some(({ fingerprint }) => fingerprint === key.fingerprint)) {
    throw new CallbayError('CONFLICT', 'The user already has this key.');
  }
  if (present.length >= MAX_KEYS) throw new CallbayError('CONFLICT', `A user has at most ${MAX_KEYS} keys.`);
  const row = await insertKey(tx, tenantId, username, key);
  await tellAccess(tx, [username]);
  const detail = { keyId: key.id, label: key.label, fingerprint: key.fingerprint };
  await audit(tx, by, { tenantId, action: 'sftpKey.create', target: username, detail });
  return toKey(row);
}

async function insertKey(tx: Sql, tenantId: string, username: string, key: SftpKeyToAdd): Promise<KeyRow> {
  const [row] = await tx.query<{ createdAt: Date }>(
    `INSERT INTO sftp_keys (tenant_id, id, username, label, type, public_key, fingerprint, expires_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, callbay_now()) RETURNING created_at AS "createdAt"`,
    [tenantId, key.id, username, key.label, key.type, key.publicKey, key.fingerprint, key.expiresAt],
  );
  if (row === undefined) throw new Error('an insert returned no row');
  return { ...key, ...row, lastUsedAt: null };
}

interface KeyRow {
  readonly id: string;
  readonly label: string | null;
  readonly type: string;
  readonly fingerprint: string;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
}

const toKey = (row: KeyRow): SftpKey => ({
  id: row.id,
  label: row.label,
  type: row.type,
  fingerprint: row.fingerprint,
  expiresAt: row.expiresAt?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
});

const toUser = (row: {
  username: string;
  label: string | null;
  canRead: string;
  allowedCidrs: string[];
  passwordHash: string | null;
  createdAt: Date;
  keys: KeyRow[];
}): SftpUserRow => ({
  username: row.username,
  label: row.label,
  canRead: row.canRead as SftpUserRow['canRead'],
  allowedCidrs: row.allowedCidrs,
  hasPassword: row.passwordHash !== null,
  keys: row.keys.map(toKey),
  createdAt: row.createdAt.toISOString(),
});
