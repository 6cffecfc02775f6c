import type {
  CallFacts,
  CallReplay,
  Issue,
  MediaFacts,
  RecordFact,
  RecordingFact,
  SurfacedWith,
} from '@callbay/core';

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
  readonly seen_at: Date | null;
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

export const RECORD_COLUMNS = `file_id, row, stem, named_stem, raw, nested_paths, at, issues, warnings, placed_seq, is_batch_row,
  state, outcome_code, outcome_message, judged_policy, l.ambiguous_matches`;

/** Names one record among all of a tenant's. */
export const recordKeyOf = (fileId: string, row: number): string => `${fileId}#${row}`;

export const FILE_COLUMNS = `id, drop, name, stem, ext, size_bytes, blob_key, received_at, seen_at, receive_seq, replay_seq,
  withdrawn_seq, withdrawn_hidden, purged_at IS NOT NULL AS is_purged, kind, sha256, classified_at IS NOT NULL AS is_classified, media,
  fact_issues, fact_warnings, state, outcome_code, outcome_message, warnings, judged_policy, call_key,
  CASE WHEN drop = 'external' THEN (SELECT e.ambiguous_matches FROM external_recordings e
                                     WHERE e.tenant_id = files.tenant_id AND e.file_id = files.id)
  END AS ambiguous_matches`;

export const stemOfKey = (callKey: string): string => callKey.slice('stem:'.length);
export const keyOfStem = (stem: string): string => `stem:${stem}`;

/** Files of these kinds share a stem with recordings and are none. */
const NO_RECORDINGS: ReadonlySet<string | null> = new Set([
  'sidecar',
  'batch',
  'crm',
  'bundle',
  'transcript',
]);

/** What was loaded for a group of keys, by the stems that it touches: each key then looks at its own part only. */
interface GroupedFacts {
  readonly files: ReadonlyMap<string, LoadedFile>;
  readonly filesByStem: ReadonlyMap<string, readonly LoadedFile[]>;
  readonly recordsByStem: ReadonlyMap<string, readonly LoadedRecord[]>;
  readonly recordsByNamedStem: ReadonlyMap<string | null, readonly LoadedRecord[]>;
}

/** All that was loaded for some stems. */
interface LoadedRows {
  readonly files: ReadonlyMap<string, LoadedFile>;
  readonly records: readonly LoadedRecord[];
  /** What visible calls were made of, by call key. */
  readonly surfaced: ReadonlyMap<string, SurfacedWith>;
  /** Place of the tenant's earliest metadata file that nobody has read yet. */
  readonly barrier: number | null;
  readonly replays: ReadonlyMap<string, readonly CallReplay[]>;
}

/** The facts of every stem, in the order of the stems. */
export function factsOfRows(
  stems: readonly string[],
  { files, records, surfaced, barrier, replays }: LoadedRows,
): CallFacts[] {
  const loaded = groupFacts([...files.values()], records, files);
  return stems.map((stem) => {
    const known = factsOf(stem, loaded, surfaced, barrier);
    return { ...known, replays: replays.get(known.callKey) };
  });
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
  const isRecording = (row: LoadedFile): boolean => row.is_classified && !NO_RECORDINGS.has(row.kind);
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

export const placeOf = (file: LoadedFile): number => file.replay_seq ?? file.receive_seq;

/** Position of a record in place of its file's `receive_seq`: where it joined its call, or was replayed. */
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
  seenAt: file.seen_at?.getTime(),
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
