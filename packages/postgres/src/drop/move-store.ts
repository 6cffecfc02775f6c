import type { FileMove, MoveStore } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';

/** Word for word the condition of the index `files_to_move`, which holds these rows only. */
const IS_TO_MOVE = `DROP IN ('s3', 'folder') AND purged_at IS NULL
    AND (folder <> coalesce(moved_folder, 'data') OR shown_name <> coalesce(moved_name, name))`;

const LIST_MOVES = `
SELECT id AS "fileId", name, size_bytes AS "sizeBytes", modified_at AS "modifiedAt", receive_seq AS seq,
       jsonb_build_object('folder', coalesce(moved_folder, 'data'), 'name', coalesce(moved_name, name)) AS "from",
       jsonb_build_object('folder', folder, 'name', shown_name) AS "to",
       CASE WHEN object_key IS NOT NULL
            THEN jsonb_build_object('bucket', bucket, 'key', object_key, 'versionId', version_id) END AS object
  FROM files
 WHERE tenant_id = $1 AND drop = $2 AND receive_seq > $3 AND ${IS_TO_MOVE}
 ORDER BY receive_seq LIMIT $4`;

/** Where files of drops with real folders rest, and where they should. */
export function createMoveStore(db: Database): MoveStore {
  return {
    listMoves: (tenantId, { drop, afterSeq, limit }) =>
      db.query<FileMove & { readonly seq: number }>(
        LIST_MOVES,
        [tenantId, drop, afterSeq, limit],
        'list_moves',
      ),
    async recordMove(tenantId, fileId, { folder, name }) {
      await db.execute(
        'UPDATE files SET moved_folder = $3, moved_name = $4 WHERE tenant_id = $1 AND id = $2',
        [tenantId, fileId, folder, name],
        'record_move',
      );
    },
  };
}
