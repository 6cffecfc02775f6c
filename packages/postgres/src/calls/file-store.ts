import { type Policy, STEP_SENTENCES } from '@callbay/core';
import type { FileFacts, FileStore, FileToClassify } from '@callbay/ingestion';
import { textSql } from '../database/constants.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { keyOfStem } from './load-facts.ts';

/** More calls than these that waited for one file are found by the sweep of due calls. */
const WAKE_LIMIT = 400;

interface UnreadRow {
  readonly id: string;
  readonly name: string;
  readonly size_bytes: number;
  readonly blob_key: string;
  readonly policy: Policy;
}

/** Files on their way from received to read. Nothing here decides what a file means for a call. */
export function createFileStore(db: Database): FileStore {
  return {
    async findUnreadFile(tenantId, fileId): Promise<FileToClassify | null> {
      const [row] = await db.query<UnreadRow>(
        `SELECT f.id, f.name, f.size_bytes, f.blob_key, p.policy
           FROM files f, LATERAL (SELECT policy FROM tenant_policies WHERE tenant_id = f.tenant_id
                                   ORDER BY version DESC LIMIT 1) p
          WHERE f.tenant_id = $1 AND f.id = $2 AND f.classified_at IS NULL AND f.blob_key IS NOT NULL
            AND f.purged_at IS NULL`,
        [tenantId, fileId],
        'find-unread-file',
      );
      if (!row) return null;
      const { id, name, size_bytes, blob_key, policy } = row;
      return { fileId: id, name, sizeBytes: size_bytes, blobKey: blob_key, policy };
    },

    async countFailedRead(tenantId, fileId) {
      const [row] = await db.query<{ classify_attempts: number }>(
        `UPDATE files SET classify_attempts = classify_attempts + 1 WHERE tenant_id = $1 AND id = $2
         RETURNING classify_attempts`,
        [tenantId, fileId],
      );
      return row?.classify_attempts ?? 0;
    },

    saveFacts: (tenantId, fileId, facts) =>
      transact(db, async (tx) => {
        const stems = new Set([facts.stem, ...facts.records.map((r) => r.namedStem ?? facts.stem)]);
        const keys = [...stems].map(keyOfStem).sort();
        // Calls are locked before files everywhere, so that no two transactions wait for each other.
        await tx.execute(
          `INSERT INTO calls (tenant_id, call_key, due_at)
           SELECT $1, key, callbay_now() FROM
             (SELECT unnest($2::text[]) AS key
              UNION SELECT 'stem:' || stem FROM files WHERE tenant_id = $1 AND id = $3) touched
            ORDER BY key COLLATE "C"
               ON CONFLICT (tenant_id, call_key) DO UPDATE SET due_at = callbay_now()`,
          [tenantId, keys, fileId],
        );
        const place = await saveFile(tx, tenantId, fileId, facts);
        if (place === null) return keys;
        await saveRecords(tx, tenantId, fileId, facts);
        return [...new Set([...keys, ...(await wakeWaitingCalls(tx, tenantId, place))])];
      }),

    async findUnread(olderThanMs, limit) {
      const rows = await db.query<{ tenant_id: string; id: string }>(
        `SELECT tenant_id, id FROM files
          WHERE classified_at IS NULL AND blob_key IS NOT NULL AND purged_at IS NULL
            AND received_at <= callbay_now() - $1 * interval '1 millisecond'
          ORDER BY received_at LIMIT $2`,
        [olderThanMs, limit],
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, fileId: row.id }));
    },
  };
}

/** The keys of calls that waited for the file at this place in the order to be read. */
export async function wakeWaitingCalls(tx: Sql, tenantId: string, place: number): Promise<string[]> {
  const waiting = await tx.query<{ call_key: string }>(
    'SELECT call_key FROM calls WHERE tenant_id = $1 AND waits_for_seq = $2 LIMIT $3',
    [tenantId, place, WAKE_LIMIT],
    'waiting-calls',
  );
  return waiting.map((row) => row.call_key);
}

/** Its place in the fold; null where the file had been read already. */
async function saveFile(tx: Sql, tenantId: string, fileId: string, facts: FileFacts): Promise<number | null> {
  const [row] = await tx.query<{ place: number }>(
    `WITH read AS (
       UPDATE files SET stem = $10, kind = $3, sha256 = $4, media = $5::jsonb, fact_issues = $6::jsonb, fact_warnings = $7::jsonb,
              warnings = $7::jsonb, classified_at = callbay_now(), call_key = $8
        WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL
       RETURNING id, coalesce(replay_seq, receive_seq) AS place
     ), step AS (
       INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
       SELECT $1, id, callbay_now(), 'classified', NULL, ${textSql(STEP_SENTENCES.read)}, $9::jsonb, gen_random_uuid()::text FROM read
     )
     SELECT place FROM read`,
    [
      tenantId,
      fileId,
      facts.kind,
      facts.sha256,
      facts.media && JSON.stringify(facts.media),
      JSON.stringify(facts.issues),
      JSON.stringify(facts.warnings),
      keyOfStem(facts.records[0]?.namedStem ?? facts.stem),
      JSON.stringify({
        kind: facts.kind,
        sha256: facts.sha256,
        issues: [...facts.issues, ...facts.records.flatMap((r) => r.issues)].slice(0, 20),
        ...(facts.media ? { media: facts.media } : {}),
      }),
      facts.stem,
    ],
    'save-facts',
  );
  return row?.place ?? null;
}

async function saveRecords(tx: Sql, tenantId: string, fileId: string, facts: FileFacts): Promise<void> {
  await tx.execute('DELETE FROM call_records WHERE tenant_id = $1 AND file_id = $2', [tenantId, fileId]);
  if (facts.records.length === 0) return;
  const values = facts.records.map((record) => ({
    row: record.row,
    named_stem: record.namedStem,
    raw: record.raw?.fields ?? null,
    nested_paths: record.raw?.nestedPaths ?? [],
    at: record.raw?.at ?? '',
    issues: record.issues,
    warnings: record.warnings,
  }));
  await tx.execute(
    `WITH saved AS (
       INSERT INTO call_records (tenant_id, file_id, row, stem, named_stem, raw, nested_paths, at, issues, warnings)
       SELECT $1, $2, n.row, $3, n.named_stem, n.raw, n.nested_paths, n.at, n.issues, n.warnings
         FROM jsonb_to_recordset($4::jsonb) AS n(row int, named_stem text, raw jsonb, nested_paths jsonb, at text,
              issues jsonb, warnings jsonb)
       RETURNING tenant_id, file_id, row, named_stem, raw
     )
     INSERT INTO linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches)
     SELECT tenant_id, file_id, row, callbay_now(), '{}' FROM saved
      WHERE named_stem IS NULL AND raw IS NOT NULL
        AND EXISTS (SELECT 1 FROM external_recordings WHERE tenant_id = $1)`,
    [tenantId, fileId, facts.stem, JSON.stringify(values)],
  );
}
