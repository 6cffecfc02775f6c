import {
  type CallFacts,
  type CallPolicies,
  type Issue,
  type MediaFacts,
  type Policy,
  type RecordFact,
  type RecordingFact,
  SIDECAR_EXTENSIONS,
  type SurfacedWith,
} from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { findNewestPolicy } from '../tenants/newest-policy.ts';
import { loadReplays } from './load-replays.ts';

/** The facts of one key and the state they last led to. */
export interface LoadedFile {
  readonly id: string;
  readonly drop: string;
  readonly name: string;
  readonly stem: string;
  readonly ext: string;
  readonly size_bytes: number;
  readonly blob_key: string | null;
  readonly received_at: Date;
  readonly receive_seq: number;
  readonly replay_seq: number | null;
  readonly withdrawn_seq: number | null;
  readonly withdrawn_hidden: boolean;
  readonly is_purged: boolean;
  readonly kind: string | null;
  readonly sha256: string | null;
  readonly is_classified: boolean;
  readonly media: MediaFacts | null;
  readonly fact_issues: Issue[];
  readonly fact_warnings: Issue[];
  readonly state: string;
  readonly outcome_code: string | null;
  readonly outcome_message: string | null;
  readonly warnings: Issue[];
  readonly judged_policy: number | null;
  readonly call_key: string | null;
  readonly ambiguous_matches: string[] | null;
}

/** A record as stored. The last block is only filled for the rows of batches: a sidecar's outcome is its file's. */
export interface LoadedRecord {
  readonly file_id: string;
  readonly row: number;
  readonly stem: string;
  readonly named_stem: string | null;
  readonly raw: Record<string, string> | null;
  readonly nested_paths: string[];
  readonly at: string;
  readonly issues: Issue[];
  readonly warnings: Issue[];
  readonly placed_seq: number | null;
  readonly is_batch_row: boolean;
  readonly state: string | null;
  readonly outcome_code: string | null;
  readonly outcome_message: string | null;
  readonly judged_policy: number | null;
  readonly ambiguous_matches: string[] | null;
}

const RECORD_COLUMNS = `file_id, row, stem, named_stem, raw, nested_paths, at, issues, warnings, placed_seq, is_batch_row,
  state, outcome_code, outcome_message, judged_policy, l.ambiguous_matches`;

/** Names one record among all of a tenant's. */
export const recordKeyOf = (fileId: string, row: number): string => `${fileId}#${row}`;

/** The most facts of one group of keys that are folded at once. A key never gathers this many in its 48 hours. */
const FACTS_LIMIT = 50_000;

const FILE_COLUMNS = `id, drop, name, stem, ext, size_bytes, blob_key, received_at, receive_seq, replay_seq, withdrawn_seq,
  withdrawn_hidden, purged_at IS NOT NULL AS is_purged, kind, sha256, classified_at IS NOT NULL AS is_classified, media,
  fact_issues, fact_warnings, state, outcome_code, outcome_message, warnings, judged_policy, call_key,
  CASE WHEN drop = 'external' THEN (SELECT e.ambiguous_matches FROM external_recordings e
                                     WHERE e.tenant_id = files.tenant_id AND e.file_id = files.id)
  END AS ambiguous_matches`;

export const stemOfKey = (callKey: string): string => callKey.slice('stem:'.length);
export const keyOfStem = (stem: string): string => `stem:${stem}`;

/** The stems whose facts touch each other through records that name another stem's recording, these included. */
export async function linkedStems(tx: Sql, tenantId: string, stems: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ stem: string; named_stem: string | null }>(
    `SELECT DISTINCT stem, named_stem FROM call_records
      WHERE tenant_id = $1 AND (stem = ANY($2) OR named_stem = ANY($2))`,
    [tenantId, stems],
    'linked-stems',
  );
  const all = new Set(stems);
  for (const row of rows) {
    all.add(row.stem);
    if (row.named_stem !== null) all.add(row.named_stem);
  }
  return [...all].sort();
}

/**
 * Whoever stores a sidecar locks its calls; the rows of a batch are too many for that. So while calls are decided no batch
 * becomes readable: one that did after the facts were loaded would be neither among them nor waited for as unread.
 */
export const lockRows = (tx: Sql, tenantId: string, as: 'reader' | 'writer'): Promise<unknown> =>
  tx.query(
    `SELECT pg_advisory_xact_lock${as === 'reader' ? '_shared' : ''}(hashtextextended('callbay.rows ' || $1, 0))`,
    [tenantId],
    `lock-rows-${as}`,
  );

/** The facts of every stem, and the files they stand in by id. */
export async function loadFacts(
  tx: Sql,
  tenantId: string,
  stems: readonly string[],
  surfaced: ReadonlyMap<string, SurfacedWith>,
): Promise<{ facts: CallFacts[]; files: Map<string, LoadedFile>; rows: Map<string, LoadedRecord> }> {
  await lockRows(tx, tenantId, 'reader');
  const naming = await tx.query<{ stem: string }>(
    'SELECT DISTINCT stem FROM call_records WHERE tenant_id = $1 AND named_stem = ANY($2)',
    [tenantId, stems],
    'naming-stems',
  );
  const reach = [...new Set([...stems, ...naming.map((row) => row.stem)])];
  const records = await tx.query<LoadedRecord>(
    `SELECT ${RECORD_COLUMNS} FROM call_records LEFT JOIN linkage_records l USING (tenant_id, file_id, row)
      WHERE tenant_id = $1 AND (stem = ANY($2) OR named_stem = ANY($2)) LIMIT ${FACTS_LIMIT}`,
    [tenantId, reach],
    'load-records',
  );
  const fileRows = await tx.query<LoadedFile>(
    `SELECT ${FILE_COLUMNS} FROM files WHERE tenant_id = $1 AND (stem = ANY($2) OR id = ANY($3))
      LIMIT ${FACTS_LIMIT}`,
    [tenantId, reach, [...new Set(records.map((r) => r.file_id))]],
    'load-files',
  );
  if (fileRows.length >= FACTS_LIMIT || records.length >= FACTS_LIMIT) {
    throw new Error(`over ${FACTS_LIMIT} facts touch one call of tenant ${tenantId}`);
  }
  const files = new Map(fileRows.map((row) => [row.id, row]));
  const rows = new Map(records.filter((r) => r.is_batch_row).map((r) => [recordKeyOf(r.file_id, r.row), r]));
  const barrier = await firstUnreadSidecar(tx, tenantId);
  const replays = await loadReplays(tx, tenantId, [...surfaced.keys()]);
  const loaded = groupFacts(fileRows, records, files);
  const facts = stems.map((stem) => {
    const known = factsOf(stem, loaded, surfaced, barrier);
    return { ...known, replays: replays.get(known.callKey) };
  });
  return { facts, files, rows };
}

/**
 * Place in the fold of the tenant's earliest metadata file that nobody has read yet, or null. Its row is held as it
 * is until the transaction ends, so that whoever reads it then sees which calls wait for it.
 */
async function firstUnreadSidecar(tx: Sql, tenantId: string): Promise<number | null> {
  for (;;) {
    const [first] = await tx.query<{ id: string; place: number }>(
      `SELECT id, coalesce(replay_seq, receive_seq) AS place FROM files
        WHERE tenant_id = $1 AND classified_at IS NULL AND state = 'received' AND blob_key IS NOT NULL
          AND purged_at IS NULL AND ext = ANY($2)
        ORDER BY place LIMIT 1`,
      [tenantId, [...SIDECAR_EXTENSIONS]],
      'first-unread',
    );
    if (!first) return null;
    const held = await tx.query(
      'SELECT 1 FROM files WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL FOR SHARE',
      [tenantId, first.id],
      'hold-unread',
    );
    if (held.length > 0) return first.place;
  }
}

/** What was loaded for a group of keys, by the stems that it touches: each key then looks at its own part only. */
interface GroupedFacts {
  readonly files: ReadonlyMap<string, LoadedFile>;
  readonly filesByStem: ReadonlyMap<string, readonly LoadedFile[]>;
  readonly recordsByStem: ReadonlyMap<string, readonly LoadedRecord[]>;
  readonly recordsByNamedStem: ReadonlyMap<string | null, readonly LoadedRecord[]>;
}

const groupFacts = (
  rows: readonly LoadedFile[],
  records: readonly LoadedRecord[],
  files: ReadonlyMap<string, LoadedFile>,
): GroupedFacts => ({
  files,
  filesByStem: Map.groupBy(rows, (row) => row.stem),
  recordsByStem: Map.groupBy(records, (record) => record.stem),
  recordsByNamedStem: Map.groupBy(records, (record) => record.named_stem),
});

function factsOf(
  stem: string,
  loaded: GroupedFacts,
  surfaced: ReadonlyMap<string, SurfacedWith>,
  barrier: number | null,
): CallFacts {
  const { files, filesByStem, recordsByStem, recordsByNamedStem } = loaded;
  const namers = namersOf(recordsByNamedStem.get(stem) ?? [], files);
  const reach = [...new Set([stem, ...namers.keys()])];
  const own = new Set([
    ...reach.flatMap((each) => recordsByStem.get(each) ?? []),
    ...(recordsByNamedStem.get(stem) ?? []),
  ]);
  const rows = reach.flatMap((each) => filesByStem.get(each) ?? []);
  const isRecording = (row: LoadedFile): boolean =>
    row.is_classified && row.kind !== 'sidecar' && row.kind !== 'batch' && row.kind !== 'crm';
  const unread = rows
    .filter((row) => !row.is_classified && row.state === 'received')
    .map((row) => Math.max(placeOf(row), row.stem === stem ? 0 : namers.get(row.stem)!));
  if (barrier !== null) unread.push(barrier);
  return {
    callKey: keyOfStem(stem),
    stem,
    recordings: rows.filter((row) => row.stem === stem && isRecording(row)).map(recordingFact),
    records: [...own].flatMap((record) => {
      const file = files.get(record.file_id);
      return file?.is_classified ? [recordFact(record, file)] : [];
    }),
    recordingsElsewhere: rows
      .filter((row) => row.stem !== stem && namers.has(row.stem) && isRecording(row))
      .map(recordingFact),
    unreadFromSeq: unread.length > 0 ? Math.min(...unread) : null,
    hasSurfaced: surfaced.has(keyOfStem(stem)),
    surfacedWith: surfaced.get(keyOfStem(stem)),
  };
}

const placeOf = (file: LoadedFile): number => file.replay_seq ?? file.receive_seq;

/** Where a record stands instead of its file's `receive_seq`: where it came to its call, or was replayed since. */
const placeOfRecord = ({ placed_seq }: LoadedRecord, { replay_seq }: LoadedFile): number | null =>
  placed_seq === null || replay_seq === null ? (placed_seq ?? replay_seq) : Math.max(placed_seq, replay_seq);

/**
 * The stems of the records that name a stem from elsewhere, each with the place of the first that does: before it the
 * other files of that stem are none of this call's concern, and what came earlier must not wait for them.
 */
function namersOf(
  naming: readonly LoadedRecord[],
  files: ReadonlyMap<string, LoadedFile>,
): Map<string, number> {
  const namers = new Map<string, number>();
  for (const record of naming) {
    const file = files.get(record.file_id);
    if (!file) continue;
    const place = placeOfRecord(record, file) ?? file.receive_seq;
    namers.set(record.stem, Math.min(namers.get(record.stem) ?? Number.POSITIVE_INFINITY, place));
  }
  return namers;
}

const baseFact = (file: LoadedFile) => ({
  fileId: file.id,
  seq: file.receive_seq,
  replaySeq: file.replay_seq,
  receivedAt: file.received_at.getTime(),
  name: file.name,
  stem: file.stem,
  ext: file.ext,
  sizeBytes: file.size_bytes,
  sha256: file.sha256 ?? '',
  withdrawnSeq: file.withdrawn_seq,
  isWithdrawnHidden: file.withdrawn_hidden,
  isPurged: file.is_purged,
  isPurgedUnpaired: file.outcome_code === 'PURGED_UNPAIRED',
  judgedPolicy: file.judged_policy,
});

const recordingFact = (file: LoadedFile): RecordingFact => ({
  ...baseFact(file),
  kind: 'recording',
  media: file.media,
  isExternal: file.drop === 'external',
  ambiguousMatches: file.ambiguous_matches ?? undefined,
  issues: file.fact_issues,
  warnings: file.fact_warnings,
});

const recordFact = (record: LoadedRecord, file: LoadedFile): RecordFact => ({
  ...baseFact(file),
  replaySeq: placeOfRecord(record, file),
  kind: 'record',
  row: record.row,
  isBatchRow: record.is_batch_row,
  ...(record.is_batch_row ? ownStory(record, file) : {}),
  stem: record.stem,
  namedStem: record.named_stem,
  ambiguousMatches: record.ambiguous_matches ?? undefined,
  raw: record.raw && { fields: record.raw, nestedPaths: record.nested_paths, at: record.at },
  issues: [...file.fact_issues, ...record.issues],
  warnings: [...file.fact_warnings, ...record.warnings],
});

/** A row of a batch has a story of its own: its file is done as soon as it is read, and leaves the drop by itself. */
const ownStory = (record: LoadedRecord, file: LoadedFile) => ({
  sha256: `${file.sha256}#${record.row}`,
  isPurged: record.outcome_code === 'PURGED_UNPAIRED',
  isPurgedUnpaired: record.outcome_code === 'PURGED_UNPAIRED',
  judgedPolicy: record.judged_policy,
});

/** A tenant's stage and newest policy, held still until the transaction ends. */
export interface LockedTenant {
  readonly stage: string;
  readonly surface_from: Date | null;
  readonly policy: Policy;
}

/**
 * Holds the tenant's settings still: a change of stage or policy waits for this transaction, and then marks due every
 * call this transaction left open. Taken before any call's lock, as those changes do.
 */
export async function lockTenant(tx: Sql, tenantId: string): Promise<LockedTenant | null> {
  const [tenant] = await tx.query<{ stage: string; surface_from: Date | null }>(
    'SELECT stage, surface_from FROM tenants WHERE id = $1 FOR SHARE',
    [tenantId],
    'lock-tenant',
  );
  if (!tenant) return null;
  const policy = await findNewestPolicy(tx, tenantId);
  if (policy === null) throw new Error(`tenant ${tenantId} has no policy`);
  return { ...tenant, policy };
}

/** The tenant's newest policy, those that its ended facts were judged by, and those that calls were replayed by. */
export async function policiesFor(
  tx: Sql,
  tenantId: string,
  tenant: LockedTenant,
  judged: Iterable<{ readonly judged_policy: number | null }>,
  facts: readonly CallFacts[],
): Promise<CallPolicies> {
  const pinned = new Map([[tenant.policy.version, tenant.policy]]);
  const versions = new Set(
    [
      ...[...judged].map((fact) => fact.judged_policy),
      ...facts.flatMap((f) => f.replays ?? []).map((replay) => replay.policyVersion),
    ].filter((v) => v !== null && !pinned.has(v)),
  );
  if (versions.size > 0) {
    const rows = await tx.query<{ policy: Policy }>(
      'SELECT policy FROM tenant_policies WHERE tenant_id = $1 AND version = ANY($2)',
      [tenantId, [...versions]],
    );
    for (const { policy } of rows) pinned.set(policy.version, policy);
  }
  return {
    current: tenant.policy,
    pinned,
    isLive: tenant.stage === 'live',
    surfaceFrom: tenant.surface_from?.getTime() ?? null,
  };
}
