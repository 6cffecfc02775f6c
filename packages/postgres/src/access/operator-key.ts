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
 * file is there, since revoking it was somebody's decision. Running it twice, or twice at once, makes one key.
 */
export async function ensureOperatorKey(connectionString: string, keyFile: KeyFile): Promise<void> {
  await using db = openDatabase({ connectionString, max: 1, applicationName: 'callbay-operator-key' });
  await transact(db, async (tx) => {
    await tx.execute(`SELECT pg_advisory_xact_lock(hashtext('callbay_operator_key'))`);
    const present = await keyFile.read();
    if (present !== null && (await isKnown(tx, present))) return;
    const { id, key, digest } = makeApiKey();
    await tx.execute(
      `INSERT INTO api_keys (id, form, role, tenant_ids, label, digest, created_at)
       VALUES ($1, 'key', 'operator', '{}', 'first operator', $2, callbay_now())`,
      [id, digest],
    );
    const detail = {
      role: 'operator',
      reason: present === null ? 'no key file' : 'the key file was of another database',
    };
    await audit(tx, SYSTEM, { tenantId: null, action: 'apiKey.create', target: id, detail });
    // Before the commit: a crash between the two leaves a file whose key is unknown, and the next start replaces it.
    await keyFile.write(key);
  });
}

async function isKnown(tx: Sql, key: string): Promise<boolean> {
  const id = apiKeyId(key);
  if (id === null) return false;
  const rows = await tx.query('SELECT FROM api_keys WHERE id = $1 AND digest = $2', [id, digestOf(key)]);
  return rows.length === 1;
}
