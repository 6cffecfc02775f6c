import type { RunningCallbay } from '@callbay/testkit';

/** Tables, of any schema, with a row of the tenant that holds the text. */
export async function tablesWith(
  { db }: Pick<RunningCallbay, 'db'>,
  text: string,
  tenantId: string,
): Promise<string[]> {
  const tables = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await db.query(`SELECT 1 FROM ${name} t WHERE t::text LIKE $1 AND t::text LIKE $2 LIMIT 1`, [
      `%${text}%`,
      `%${tenantId}%`,
    ]);
    if (rows.length > 0) found.push(name);
  }
  return found;
}
