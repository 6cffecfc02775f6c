import { createHmac, createSecretKey } from 'node:crypto';
import type { Sql } from '../database/database.ts';

/** Whether a call key is one of a deleted call: asked of what is left of it, a keyed digest. */
export interface Tombstones {
  /** Reveals nothing of the key to whoever lacks the product's secret, nor whether two tenants had the same one. */
  digestOf(tenantId: string, callKey: string): string;
  /** Those of the keys whose calls were deleted. */
  findDeleted(sql: Sql, tenantId: string, callKeys: readonly string[]): Promise<ReadonlySet<string>>;
}

/** `key` is the product's secret derived for `tombstones`: with another one no deleted call is known again. */
export function createTombstones(key: Uint8Array): Tombstones {
  // Prepared once: a batch asks for a million digests.
  const secret = createSecretKey(key);
  const digestOf: Tombstones['digestOf'] = (tenantId, callKey) =>
    createHmac('sha256', secret).update(`${tenantId}\0${callKey}`).digest('base64url');
  return {
    digestOf,
    async findDeleted(sql, tenantId, callKeys) {
      // Most tenants have deleted nothing: a digest for each row of a batch costs more than this question.
      const [any] = await sql.query<{ exists: boolean }>(
        'SELECT EXISTS (SELECT FROM deleted_calls WHERE tenant_id = $1)',
        [tenantId],
        'any-deleted',
      );
      if (!any?.exists) return new Set();
      const byDigest = new Map(callKeys.map((callKey) => [digestOf(tenantId, callKey), callKey]));
      const rows = await sql.query<{ key_digest: string }>(
        'SELECT key_digest FROM deleted_calls WHERE tenant_id = $1 AND key_digest = ANY($2)',
        [tenantId, [...byDigest.keys()]],
        'find-deleted',
      );
      return new Set(rows.flatMap((row) => byDigest.get(row.key_digest) ?? []));
    },
  };
}
