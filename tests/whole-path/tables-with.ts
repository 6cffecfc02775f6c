import type { RunningCallbay } from '@callbay/testkit';

/** Tables, of any schema, with a row of the tenant that holds the text. */
export async function tablesWith(
  { db }: Pick<RunningCallbay, 'db'>,
  text: string,
  tenantId: string,
): Promise<string[]> {
  const tables = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await db.query(`select 1 from ${name} t where t::text like $1 and t::text like $2 limit 1`, [
      `%${text}%`,
      `%${tenantId}%`,
    ]);
    if (rows.length > 0) found.push(name);
  }
  return found;
}
