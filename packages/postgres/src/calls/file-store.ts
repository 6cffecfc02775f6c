import type { Policy } from '@callbay/core';
import type { FileFacts, FileStore, FileToClassify } from '@callbay/ingestion';
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
        `select f.id, f.name, f.size_bytes, f.blob_key, p.policy
           from files f, lateral (select policy from tenant_policies where tenant_id = f.tenant_id
                                   order by version desc limit 1) p
          where f.tenant_id = $1 and f.id = $2 and f.classified_at is null and f.blob_key is not null
            and f.purged_at is null`,
        [tenantId, fileId],
        'find-unread-file',
      );
      if (!row) return null;
      const { id, name, size_bytes, blob_key, policy } = row;
      return { fileId: id, name, sizeBytes: size_bytes, blobKey: blob_key, policy };
    },

    async countFailedRead(tenantId, fileId) {
      const [row] = await db.query<{ classify_attempts: number }>(
        `update files set classify_attempts = classify_attempts + 1 where tenant_id = $1 and id = $2
         returning classify_attempts`,
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
          `insert into calls (tenant_id, call_key, due_at)
           select $1, key, callbay_now() from
             (select unnest($2::text[]) as key
              union select 'stem:' || stem from files where tenant_id = $1 and id = $3) touched
            order by key collate "C"
               on conflict (tenant_id, call_key) do update set due_at = callbay_now()`,
          [tenantId, keys, fileId],
        );
        const place = await saveFile(tx, tenantId, fileId, facts);
        if (place === null) return keys;
        await saveRecords(tx, tenantId, fileId, facts);
        return [...new Set([...keys, ...(await wakeWaitingCalls(tx, tenantId, place))])];
      }),

    async findUnread(olderThanMs, limit) {
      const rows = await db.query<{ tenant_id: string; id: string }>(
        `select tenant_id, id from files
          where classified_at is null and blob_key is not null and purged_at is null
            and received_at <= callbay_now() - $1 * interval '1 millisecond'
          order by received_at limit $2`,
        [olderThanMs, limit],
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, fileId: row.id }));
    },
  };
}

/** The keys of calls that waited for the file at this place in the order to be read. */
export async function wakeWaitingCalls(tx: Sql, tenantId: string, place: number): Promise<string[]> {
  const waiting = await tx.query<{ call_key: string }>(
    'select call_key from calls where tenant_id = $1 and waits_for_seq = $2 limit $3',
    [tenantId, place, WAKE_LIMIT],
    'waiting-calls',
  );
  return waiting.map((row) => row.call_key);
}

/** Its place in the fold; null where the file had been read already. */
async function saveFile(tx: Sql, tenantId: string, fileId: string, facts: FileFacts): Promise<number | null> {
  const [row] = await tx.query<{ place: number }>(
    `with read as (
       update files set stem = $10, kind = $3, sha256 = $4, media = $5::jsonb, fact_issues = $6::jsonb, fact_warnings = $7::jsonb,
              warnings = $7::jsonb, classified_at = callbay_now(), call_key = $8
        where tenant_id = $1 and id = $2 and classified_at is null
       returning id, coalesce(replay_seq, receive_seq) as place
     ), step as (
       insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
       select $1, id, callbay_now(), 'classified', null, 'The file was read.', $9::jsonb, gen_random_uuid()::text from read
     )
     select place from read`,
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
  await tx.execute('delete from call_records where tenant_id = $1 and file_id = $2', [tenantId, fileId]);
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
    `with saved as (
       insert into call_records (tenant_id, file_id, row, stem, named_stem, raw, nested_paths, at, issues, warnings)
       select $1, $2, n.row, $3, n.named_stem, n.raw, n.nested_paths, n.at, n.issues, n.warnings
         from jsonb_to_recordset($4::jsonb) as n(row int, named_stem text, raw jsonb, nested_paths jsonb, at text,
              issues jsonb, warnings jsonb)
       returning tenant_id, file_id, row, named_stem, raw
     )
     insert into linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches)
     select tenant_id, file_id, row, callbay_now(), '{}' from saved
      where named_stem is null and raw is not null
        and exists (select 1 from external_recordings where tenant_id = $1)`,
    [tenantId, fileId, facts.stem, JSON.stringify(values)],
  );
}
