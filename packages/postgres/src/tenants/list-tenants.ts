import type { Sql } from '../database/database.ts';

/** Ids of the tenants after one, in order; null for the first ones. For sweeps, which take them page by page. */
export async function listTenants(sql: Sql, after: string | null, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    'SELECT id FROM tenants WHERE $1::text IS NULL OR id > $1 ORDER BY id LIMIT $2',
    [after, limit],
  );
  return rows.map(({ id }) => id);
}
