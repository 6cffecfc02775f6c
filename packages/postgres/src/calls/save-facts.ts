import type { FileFacts, ReadFile } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';
import { keyOfStem, type LoadedFile } from './facts-of-rows.ts';

/** The files whose facts a transaction stores, and decides with, at once. */
export interface OwnFiles {
  readonly ids: readonly string[];
  /** The facts to store, by file id. */
  readonly facts: ReadonlyMap<string, FileFacts>;
  /** Calls outside the transaction that waited for one of these files to be read. */
  readonly wakes: readonly string[];
  /** A file's row as it will be once its facts are stored; any other file's row as it is. */
  asRead(file: LoadedFile): LoadedFile;
}

export const NO_OWN_FILES: OwnFiles = {
  ids: [],
  facts: new Map(),
  wakes: [],
  asRead: (file) => file,
};

/** More calls that waited for one group of files are found by the sweep of due calls. */
const WAKE_LIMIT = 400;

/** The stems that the facts of a read file touch: where the file was when it was received, and where it belongs. */
export const stemsOfFacts = ({ stem, facts }: Pick<ReadFile, 'stem' | 'facts'>): string[] => [
  stem,
  facts.stem,
  ...facts.records.flatMap(({ namedStem }) => (namedStem === null ? [] : [namedStem])),
];

/**
 * Takes the rows of read files and stores their records. The calls of their stems must be locked: calls are locked before
 * files everywhere. A file that somebody else has read or purged meanwhile is left out.
 */
export async function takeReadFiles(tx: Sql, tenantId: string, read: readonly ReadFile[]): Promise<OwnFiles> {
  if (read.length === 0) return NO_OWN_FILES;
  const taken = await tx.query<{ id: string; place: number; was_read: boolean }>(
    `SELECT id, coalesce(replay_seq, receive_seq) AS place, replay_seq IS NOT NULL AS was_read FROM files
      WHERE tenant_id = $1 AND id = ANY($2) AND classified_at IS NULL AND purged_at IS NULL
      ORDER BY receive_seq FOR NO KEY UPDATE`,
    [tenantId, read.map(({ fileId }) => fileId)],
    'take-read-files',
  );
  const ids = taken.map(({ id }) => id);
  const byId = new Map(read.map(({ fileId, facts }) => [fileId, facts]));
  const facts = new Map(ids.map((id) => [id, byId.get(id)!]));
  const again = taken.flatMap(({ id, was_read }) => (was_read ? [id] : []));
  if (again.length > 0) {
    await tx.execute(
      'DELETE FROM call_records WHERE tenant_id = $1 AND file_id = ANY($2)',
      [tenantId, again],
      'forget-records',
    );
  }
  await insertRecords(tx, tenantId, facts);
  const wakes = await wakeWaitingCalls(
    tx,
    tenantId,
    taken.map(({ place }) => place),
  );
  return { ids, facts, wakes, asRead: (file) => asRead(file, facts.get(file.id)) };
}

const asRead = (file: LoadedFile, facts: FileFacts | undefined): LoadedFile =>
  facts === undefined
    ? file
    : {
        ...file,
        stem: facts.stem,
        kind: facts.kind,
        sha256: facts.sha256,
        is_classified: true,
        media: facts.media,
        fact_issues: [...facts.issues],
        fact_warnings: [...facts.warnings],
        warnings: [...facts.warnings],
      };

async function insertRecords(
  tx: Sql,
  tenantId: string,
  facts: ReadonlyMap<string, FileFacts>,
): Promise<void> {
  const values = [...facts].flatMap(([fileId, { stem, records }]) =>
    records.map((record) => ({
      file_id: fileId,
      row: record.row,
      stem,
      named_stem: record.namedStem,
      raw: record.raw?.fields ?? null,
      nested_paths: record.raw?.nestedPaths ?? [],
      at: record.raw?.at ?? '',
      issues: record.issues,
      warnings: record.warnings,
    })),
  );
  if (values.length === 0) return;
  await tx.execute(
    `WITH saved AS (
       INSERT INTO call_records (tenant_id, file_id, row, stem, named_stem, raw, nested_paths, at, issues, warnings)
       SELECT $1, n.file_id, n.row, n.stem, n.named_stem, n.raw, n.nested_paths, n.at, n.issues, n.warnings
         FROM jsonb_to_recordset($2::jsonb) AS n(file_id uuid, row int, stem text, named_stem text, raw jsonb,
              nested_paths jsonb, at text, issues jsonb, warnings jsonb)
       RETURNING tenant_id, file_id, row, named_stem, raw
     )
     INSERT INTO linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches)
     SELECT tenant_id, file_id, row, callbay_now(), '{}' FROM saved
      WHERE named_stem IS NULL AND raw IS NOT NULL
        AND EXISTS (SELECT FROM external_recordings WHERE tenant_id = $1)`,
    [tenantId, JSON.stringify(values)],
    'insert-records',
  );
}

/** The keys of calls that waited for files at these places in the order to be read. */
export async function wakeWaitingCalls(
  tx: Sql,
  tenantId: string,
  places: readonly number[],
): Promise<string[]> {
  const waiting = await tx.query<{ call_key: string }>(
    'SELECT call_key FROM calls WHERE tenant_id = $1 AND waits_for_seq = ANY($2) LIMIT $3',
    [tenantId, places, WAKE_LIMIT],
    'waiting-calls',
  );
  return waiting.map((row) => row.call_key);
}

/** What a file's row says of its facts, JSON as text. */
export const factColumns = (facts: FileFacts) => ({
  stem: facts.stem,
  kind: facts.kind,
  sha256: facts.sha256,
  media: facts.media && JSON.stringify(facts.media),
  fact_issues: JSON.stringify(facts.issues),
  fact_warnings: JSON.stringify(facts.warnings),
  read_again_ms: facts.readAgainInMs ?? null,
  own_call_key: keyOfStem(facts.records[0]?.namedStem ?? facts.stem),
  detail: {
    kind: facts.kind,
    sha256: facts.sha256,
    issues: [...facts.issues, ...facts.records.flatMap((r) => r.issues)].slice(0, 20),
    ...(facts.media ? { media: facts.media } : {}),
  },
});
