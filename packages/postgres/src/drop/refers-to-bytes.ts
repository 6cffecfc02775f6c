import type { Sql } from '../database/database.ts';

/** Whether any file or call refers to stored bytes: an empty store is then one that is not mounted. */
export async function refersToBytes(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ refers: boolean }>(
    `SELECT EXISTS (SELECT FROM files WHERE purged_at IS NULL AND blob_key IS NOT NULL)
         OR EXISTS (SELECT FROM calls WHERE media_blob_key IS NOT NULL) AS refers`,
  );
  return row?.refers === true;
}
