import type { KeptRecord, KeptRecordReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';

interface Row {
  readonly fileId: string;
  readonly name: string;
  readonly stem: string;
  readonly ext: string;
  readonly receivedAt: Date;
  readonly seq: number;
  readonly row: number;
  readonly raw: Record<string, string> | null;
  readonly nestedPaths: string[];
  readonly at: string;
  readonly callId: number | null;
  readonly mediaDurationSeconds: number | null;
}

/** With the next limit this bounds what a page holds in memory. */
const PAGE = 50;
const MAX_RECORD_BYTES = 256 * 1024;

/** The sequence of the oldest of the tenant's last `$2` metadata files that could be read. */
const OLDEST = `
  SELECT coalesce(min(seq), 0) AS oldest FROM (
    SELECT f.receive_seq AS seq FROM files f
     WHERE f.tenant_id = $1 AND f.kind IN ('sidecar', 'batch') AND f.classified_at IS NOT NULL AND EXISTS
           (SELECT FROM call_records r WHERE r.tenant_id = f.tenant_id AND r.file_id = f.id AND r.raw IS NOT NULL)
     ORDER BY f.receive_seq DESC LIMIT $2) last`;

const LAST = `
  SELECT f.id AS "fileId", f.name, f.stem, f.ext, f.received_at AS "receivedAt", f.receive_seq AS seq, r.row,
         CASE WHEN octet_length(r.raw::text) <= $6 THEN r.raw END AS raw, r.nested_paths AS "nestedPaths", r.at,
         c.call_id AS "callId", (c.media->>'durationSeconds')::float8 AS "mediaDurationSeconds"
    FROM files f
    JOIN call_records r ON r.tenant_id = f.tenant_id AND r.file_id = f.id AND r.raw IS NOT NULL
    LEFT JOIN calls c ON c.tenant_id = f.tenant_id AND c.call_key = 'stem:' || coalesce(r.named_stem, r.stem)
          AND EXISTS (SELECT FROM call_revisions v WHERE v.tenant_id = c.tenant_id AND v.call_key = c.call_key
                         AND v.revision = c.revision AND v.file_id = f.id)
   WHERE f.tenant_id = $1 AND f.kind IN ('sidecar', 'batch') AND f.classified_at IS NOT NULL AND f.receive_seq >= $2
     AND (f.receive_seq < $3 OR (f.receive_seq = $3 AND r.row > $4))
   ORDER BY f.receive_seq DESC, r.row LIMIT $5`;

export function createKeptRecordReader(db: Database): KeptRecordReader {
  return {
    async *readLast(tenantId, limits) {
      const [range] = await db.query<{ oldest: number }>(OLDEST, [tenantId, limits.files]);
      let after = { seq: Number.MAX_SAFE_INTEGER, row: -1 };
      for (let left = limits.records; left > 0; ) {
        const count = Math.min(PAGE, left);
        const rows = await db.query<Row>(LAST, [
          tenantId,
          range?.oldest ?? 0,
          after.seq,
          after.row,
          count,
          MAX_RECORD_BYTES,
        ]);
        if (rows.length > 0) yield rows.map(toRecord);
        const last = rows.at(-1);
        if (last === undefined || rows.length < count) return;
        after = last;
        left -= rows.length;
      }
    },
  };
}

function toRecord(row: Row): KeptRecord | null {
  const { raw, nestedPaths, at, fileId, name, stem, callId, mediaDurationSeconds } = row;
  if (raw === null) return null;
  return {
    fileId,
    name,
    stem,
    callId,
    mediaDurationSeconds,
    raw: { fields: raw, nestedPaths, at },
    isCsv: row.ext === 'csv',
    receivedAt: row.receivedAt.getTime(),
  };
}
