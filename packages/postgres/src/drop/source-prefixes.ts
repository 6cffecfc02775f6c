import type { Database } from '../database/database.ts';

/** More tenants than these are not remembered: the next one starts the memory anew. */
const MAX_REMEMBERED = 10_000;

/**
 * The source prefixes of tenants as this process last read them. They may be old: whoever writes by them has the
 * database compare them in the same statement, and forgets them where they differ.
 */
export class SourcePrefixes {
  readonly #db: Database;
  readonly #byTenant = new Map<string, readonly string[]>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Null where the tenant does not exist. */
  async read(tenantId: string): Promise<readonly string[] | null> {
    const remembered = this.#byTenant.get(tenantId);
    if (remembered !== undefined) return remembered;
    const [tenant] = await this.#db.query<{ prefixes: readonly string[] }>(
      `SELECT coalesce(settings -> 'sourcePrefixes', '[]') AS prefixes FROM tenants WHERE id = $1`,
      [tenantId],
      'source_prefixes',
    );
    if (tenant === undefined) return null;
    if (this.#byTenant.size >= MAX_REMEMBERED) this.#byTenant.clear();
    this.#byTenant.set(tenantId, tenant.prefixes);
    return tenant.prefixes;
  }

  forget(tenantId: string): void {
    this.#byTenant.delete(tenantId);
  }
}
