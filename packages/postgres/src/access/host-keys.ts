import type { SftpAccountStore } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';

/**
 * Seals a secret for its row and opens it again; `context` says what it is, and a secret moved elsewhere does not open.
 */
export interface SecretSealer {
  readonly seal: (text: string, context: string) => string;
  readonly unseal: (sealed: string, context: string) => string;
}

type LoadHostKeys = SftpAccountStore['loadHostKeys'];

/** The order in which the server offers them. */
const TYPES = ['ed25519', 'ecdsa', 'rsa'];

const contextOf = (type: string): string => `host-key:${type}`;

async function readHostKeys(db: Database, { unseal }: SecretSealer): ReturnType<LoadHostKeys> {
  const rows = await db.query<{ type: string; sealed: string; publicKey: string }>(
    'SELECT type, sealed, public_key AS "publicKey" FROM host_keys',
  );
  return rows
    .toSorted((a, b) => TYPES.indexOf(a.type) - TYPES.indexOf(b.type))
    .map(({ type, sealed, publicKey }) => ({ type, publicKey, privateKey: unseal(sealed, contextOf(type)) }));
}

/**
 * The host keys that every node shows. The first node to find none makes them; of several at once, one wins and all
 * read what it wrote. Throws where they were sealed under another secret key.
 */
export async function loadHostKeys(
  db: Database,
  sealer: SecretSealer,
  make: Parameters<LoadHostKeys>[0],
): ReturnType<LoadHostKeys> {
  const known = await readHostKeys(db, sealer);
  if (known.length > 0) return known;
  const made = make();
  await db.execute(
    `INSERT INTO host_keys (type, sealed, public_key, created_at)
     SELECT type, sealed, public_key, callbay_now() FROM unnest($1::text[], $2::text[], $3::text[])
       AS made (type, sealed, public_key) ORDER BY type
     ON CONFLICT (type) DO NOTHING`,
    [
      made.map(({ type }) => type),
      made.map(({ type, privateKey }) => sealer.seal(privateKey, contextOf(type))),
      made.map(({ publicKey }) => publicKey),
    ],
  );
  return readHostKeys(db, sealer);
}
