import type { Sql } from './database.ts';

/** The id that ties this database to the store of its bytes; null before the first start. */
export async function readInstallationId(sql: Sql): Promise<string | null> {
  const [row] = await sql.query<{ id: string }>('SELECT id FROM installation');
  return row?.id ?? null;
}

/** Takes `id` for this database unless it has one, and resolves to the one it has now. */
export async function claimInstallationId(sql: Sql, id: string): Promise<string> {
  await sql.execute(
    'INSERT INTO installation (id, created_at) VALUES ($1, callbay_now()) ON CONFLICT DO NOTHING',
    [id],
  );
  return (await readInstallationId(sql)) ?? id;
}

/** Takes `id` for this database in place of any before: after a restore its bytes rest somewhere else. */
export async function replaceInstallationId(sql: Sql, id: string): Promise<void> {
  await sql.execute(
    `INSERT INTO installation (id, created_at) VALUES ($1, callbay_now())
         ON CONFLICT (is_only) DO UPDATE SET id = excluded.id, created_at = excluded.created_at`,
    [id],
  );
}
