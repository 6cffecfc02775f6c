import { STORED_BYTES } from './stored-bytes.ts';

/**
 * One statement from counter to row, for one file or several of one tenant that came at once. The first step of their
 * stories is not stored, since the row says it. The clock is read when the counter's lock is held, so that within a
 * tenant a later sequence was never seen earlier while the clock runs forward. A file id that is here already
 * takes no sequence and answers what it was given. A file without an answer has no such tenant, is beyond its
 * quota together with those beside it, or was committed in between by another call, which the next attempt sees.
 */
export const RECEIVE_FILES = `
WITH given AS (
  SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[],
                       $9::text[], $10::text[], $11::boolean[], $12::timestamptz[], $13::text[], $14::text[], $15::text[])
    WITH ORDINALITY AS file (id, drop, name, stem, ext, size_bytes, modified_at, blob_key, sent_by, reads_alone,
                             given_at, bucket, object_key, version_id, nth)
), known AS (
  SELECT id, received_at, receive_seq FROM files WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
), fresh AS (
  SELECT given.*, row_number() OVER (ORDER BY nth) AS ordinal, count(*) OVER () AS total,
         sum(size_bytes) OVER () AS bytes
  FROM given WHERE NOT EXISTS (SELECT FROM known WHERE known.id = given.id)
    AND EXISTS (SELECT FROM tenants
                WHERE id = $1 AND coalesce(settings -> 'sourcePrefixes', '[]') = $16::jsonb
                  AND (settings ->> 'storageQuotaBytes' IS NULL
                       OR (SELECT sum(size_bytes) FROM given) + coalesce((${STORED_BYTES}), 0)
                          <= (settings ->> 'storageQuotaBytes')::numeric))
), taken AS (
  UPDATE tenant_counters SET value = value + (SELECT total FROM fresh LIMIT 1),
         bytes = bytes + (SELECT bytes FROM fresh LIMIT 1)
  WHERE tenant_id = $1 AND name = 'receive' AND EXISTS (SELECT FROM fresh)
  RETURNING value AS seq, callbay_now() AS at
), received AS (
  INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, modified_at, blob_key, sent_by,
                     reads_alone, bucket, object_key, version_id, folder, state, received_at, seen_at, receive_seq)
  SELECT $1, id, drop, name, name, stem, ext, size_bytes, modified_at, blob_key, sent_by, reads_alone,
         bucket, object_key, version_id,
         'data', 'received', least(given_at, at), CASE WHEN given_at < at THEN at END, seq - total + ordinal
  FROM fresh, taken
  ON CONFLICT (tenant_id, id) DO NOTHING
  RETURNING id, received_at, receive_seq
)
SELECT id AS "fileId", received_at AS "receivedAt", receive_seq AS seq FROM received
UNION ALL SELECT id, received_at, receive_seq FROM known`;

/**
 * As RECEIVE_FILES, for a file that ended as it arrived and of which nothing was stored. The reason is among its facts: a
 * call must not be made of a recording without bytes, nor an earlier recording give way to it.
 */
export const RECORD_REFUSAL = `
WITH taken AS (
  UPDATE tenant_counters SET value = value + 1
  WHERE tenant_id = $1 AND name = 'receive'
    AND NOT EXISTS (SELECT FROM files WHERE tenant_id = $1 AND id = $2)
  RETURNING value AS seq, callbay_now() AS at
), refused AS (
  INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, modified_at, blob_key, sent_by, kind,
                     folder, state, received_at, seen_at, receive_seq, classified_at,
                     call_key, fact_issues, outcome_code, outcome_message, outcome_fix, outcome_at,
                     bucket, object_key, version_id)
  SELECT $1, $2, $12, $3, $17, $4, $5, $6, coalesce($16, at), NULL, $7, $8, 'rejected', 'rejected', least($13, at),
         CASE WHEN $13::timestamptz < at THEN at END, seq, at, $14, $15::jsonb, $9, $10, $11, at,
         $18, $19, $20
  FROM taken
  ON CONFLICT (tenant_id, id) DO NOTHING
  RETURNING received_at
), told AS (
  INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
  SELECT $1, $2, received_at, 'refused', $9, $10,
         jsonb_build_object('sizeBytes', $6::bigint, 'sentBy', $7::text), 'refused'
  FROM refused
)
SELECT EXISTS (SELECT FROM refused) AS "isNew",
       EXISTS (SELECT FROM refused) OR EXISTS (SELECT FROM files WHERE tenant_id = $1 AND id = $2) AS "isKnown"`;
