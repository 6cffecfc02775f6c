import { apiKeyId, digestOf, makeApiKey } from '@callbay/ingestion';
import { openDatabase, type Sql, transact } from '../database/database.ts';
import { audit } from './audit.ts';

const SYSTEM = { name: 'callbay', remoteAddress: null };

/** Where the operator's key is kept on this host. */
export interface KeyFile {
  /** Null where there is none. */
  read(): Promise<string | null>;
  /** Replaces it whole, durably, readable by its owner alone. */
  write(key: string): Promise<void>;
}

/**
 * Sees to it that `keyFile` holds an operator's API key of this database, and makes one where it does not:
 * on the first start, and after the file or the database was lost. A key that was revoked is not made again while its
 * file is there, since revoking it was somebody's decision. A home that was never started on this database is another
 * node's, where a key is in force already: it gets none. Running it twice, or twice at once, makes one key.
 */
export async function ensureOperatorKey(
  connectionString: string,
  keyFile: KeyFile,
  { isNewHome }: { readonly isNewHome: boolean },
): Promise<void> {
  await using db = openDatabase({ connectionString, max: 1, applicationName: 'callbay-operator-key' });
  await transact(db, async (tx) => {
    await lockOperatorKeys(tx);
    const present = await keyFile.read();
    if (present !== null && (await isKnown(tx, present))) return;
    if (present === null && isNewHome && (await hasOperatorKey(tx))) return;
    const reason = present === null ? 'no key file' : 'the key file was of another database';
    await makeKey(tx, keyFile, { label: 'first operator', reason });
  });
}

/**
 * Makes another operator's key on this host and writes it into `keyFile`: the way back in after every key was lost or has
 * expired. Keys in force stay in force.
 */
export async function makeOperatorKey(connectionString: string, keyFile: KeyFile): Promise<void> {
  await using db = openDatabase({ connectionString, max: 1, applicationName: 'callbay-operator-key' });
  await transact(db, async (tx) => {
    await lockOperatorKeys(tx);
    await makeKey(tx, keyFile, { label: 'operator, made on the host', reason: 'callbay operator-key' });
  });
}

/** Whether a key of `keyFile` is an operator's and in force in this database. */
export async function isOperatorKeyInForce(sql: Sql, key: string): Promise<boolean> {
  const rows = await sql.query(
    `SELECT FROM api_keys k WHERE k.id = $1 AND k.digest = $2 AND ${IS_OPERATOR_IN_FORCE}`,
    [apiKeyId(key), digestOf(key)],
  );
  return rows.length === 1;
}

/** Of `api_keys k`. */
export const IS_OPERATOR_IN_FORCE = `k.form = 'key' AND k.role = 'operator' AND k.revoked_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > callbay_now())`;

async function hasOperatorKey(tx: Sql): Promise<boolean> {
  return (await tx.query(`SELECT FROM api_keys k WHERE ${IS_OPERATOR_IN_FORCE} LIMIT 1`)).length > 0;
}

/** Held while operators' keys are made or revoked, so that two revocations at once leave one. */
export async function lockOperatorKeys(tx: Sql): Promise<void> {
  await tx.execute(`SELECT pg_advisory_xact_lock(hashtext('callbay_operator_key'))`);
}

async function makeKey(
  tx: Sql,
  keyFile: KeyFile,
  { label, reason }: { readonly label: string; readonly reason: string },
): Promise<void> {
  const { id, key, digest } = makeApiKey();
  await tx.execute(
    `INSERT INTO api_keys (id, form, role, tenant_ids, label, digest, created_at)
     VALUES ($1, 'key', 'operator', '{}', $2, $3, callbay_now())`,
    [id, label, digest],
  );
  const detail = { role: 'operator', reason };
  await audit(tx, SYSTEM, { tenantId: null, action: 'apiKey.create', target: id, detail });
  // Before the commit: a crash between the two leaves a file whose key is unknown, and the next start replaces it.
  await keyFile.write(key);
}

async function isKnown(tx: Sql, key: string): Promise<boolean> {
  const id = apiKeyId(key);
  if (id === null) return false;
  const rows = await tx.query('SELECT FROM api_keys WHERE id = $1 AND digest = $2', [id, digestOf(key)]);
  return rows.length === 1;
}
