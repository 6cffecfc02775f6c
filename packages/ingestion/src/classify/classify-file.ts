import {
  CallbayError,
  type CrmType,
  checkColumns,
  crmTypeOfHeader,
  crmTypeOfName,
  type Issue,
  issue,
  type ParsedName,
  type Policy,
  parseFileName,
  stemNamedBy,
} from '@callbay/core';
import { formatOfExtension, type ParsedMetadata } from '@callbay/metadata';
import { advanceBatch } from '../batch/advance-batch.ts';
import type { BatchStore } from '../batch/ports.ts';
import type { BatchReadOptions, BatchReadReport } from '../batch/read-batch-rows.ts';
import { type AdvanceCallsDeps, advanceCalls } from '../calls/advance-calls.ts';
import type { CrmQueue, CrmStore } from '../crm/ports.ts';
import type { BlobStore, PipelineLog } from '../ports.ts';
import { startRowReading } from '../reading/row-reader.ts';
import type { Inspection, InspectTask } from './inspection.ts';
import type { Inspector } from './inspector.ts';
import type { FileFacts, FileStore, FileToClassify } from './ports.ts';

export interface ClassifyFileDeps extends AdvanceCallsDeps {
  readonly files: FileStore;
  readonly batches: BatchStore;
  readonly blobs: BlobStore;
  readonly inspector: Inspector;
  readonly crm: CrmStore;
  readonly queue: CrmQueue;
  readonly log: PipelineLog;
}

/** After so many failures that no outage explains, a file is taken to be unreadable, and that is its fact. */
const MAX_FAILED_READS = 3;
const BATCH_HEAP_MB = 192;
const BATCH_BASE_MS = 60_000;
/** A database that others use too still takes this much of a batch. */
const BATCH_BYTES_PER_MS = 512;

/**
 * Reads one received file and stores what it found, then advances the calls that the facts touch. Running it twice
 * changes nothing. Throws where reading is to be tried again: a service is away, or the pool process died.
 */
export async function classifyFile(
  deps: ClassifyFileDeps,
  { tenantId, fileId }: { tenantId: string; fileId: string },
): Promise<void> {
  const file = await deps.files.findUnreadFile(tenantId, fileId);
  if (!file) return;
  const callKeys = await readAndSave(deps, tenantId, file);
  await advanceCalls(deps, { tenantId, callKeys });
  // The first rows of a batch at once; the sweep goes on with the rest.
  await advanceBatch(deps, { tenantId, fileId });
}

/** The call keys to advance. A file nobody can read must not keep its tenant's later files waiting for ever. */
async function readAndSave(
  deps: ClassifyFileDeps,
  tenantId: string,
  file: FileToClassify,
): Promise<string[]> {
  const name = parseFileName(file.name, file.policy.settings);
  const named = crmTypeOfName(file.name, file.policy.settings);
  try {
    await using local = await deps.blobs.openLocal(tenantId, file.blobKey);
    const task = taskOf(file, name, local.path);
    const inspection = await deps.inspector.inspect(named === null ? task : { ...task, read: null });
    const type = named ?? (await crmTypeByHeader(deps, tenantId, file, inspection));
    if (type !== null) return await saveCrmFile(deps, tenantId, file, type, inspection.sha256);
    if (inspection.metadata && isBatch(name, inspection.metadata, file.policy)) {
      return await readAndSaveBatch(deps, tenantId, file, name, local.path, inspection);
    }
    return await deps.files.saveFacts(tenantId, file.fileId, factsOf(file, name, inspection));
  } catch (error) {
    if (error instanceof CallbayError && error.retryable) throw error;
    const failures = await deps.files.countFailedRead(tenantId, file.fileId);
    if (failures < MAX_FAILED_READS) throw error;
    deps.log.error({ err: error, tenantId, fileId: file.fileId }, 'a file is taken to be unreadable');
    if (named !== null) return saveCrmFile(deps, tenantId, file, named, '');
    return deps.files.saveFacts(tenantId, file.fileId, neverRead(name));
  }
}

/** Puts a CRM file in line; the import itself may take minutes and is a job of its own. Source: C25. */
async function saveCrmFile(
  { crm, queue }: ClassifyFileDeps,
  tenantId: string,
  { fileId }: FileToClassify,
  type: CrmType,
  sha256: string,
): Promise<string[]> {
  const callKeys = await crm.saveCrmFile(tenantId, fileId, { type, sha256, warnings: [] });
  await queue.enqueueCrmImport(tenantId, type);
  return callKeys;
}

/**
 * The type that only the header of a CSV tells, where it is no call's: published mappings say which column is an id.
 */
async function crmTypeByHeader(
  { crm }: ClassifyFileDeps,
  tenantId: string,
  { policy }: FileToClassify,
  { header }: Inspection,
): Promise<CrmType | null> {
  if (header === null) return null;
  const required = policy.mapping.fields.filter((field) => field.required === true);
  if (required.length > 0 && checkColumns(header, required).length === 0) return null;
  return crmTypeOfHeader(header, await crm.findMappings(tenantId));
}

function taskOf(file: FileToClassify, name: ParsedName, path: string): InspectTask {
  const format = name.kind === 'sidecar' ? formatOfExtension(name.ext) : null;
  const read: InspectTask['read'] =
    name.kind === 'recording'
      ? { as: 'media' }
      : format
        ? { as: 'metadata', format, isList: isListed(file.policy) }
        : null;
  return { path, ext: name.ext, sizeBytes: file.sizeBytes, read };
}

function factsOf(file: FileToClassify, name: ParsedName, inspection: Inspection): FileFacts {
  const { sha256, media, metadata } = inspection;
  const base = { stem: name.stem, sha256, media: null, records: [] };
  if (metadata) return sidecarFacts(file.policy, name, sha256, metadata);
  if (!media) return { ...base, kind: 'unknown', issues: name.issues, warnings: name.warnings };
  return {
    ...base,
    kind: 'recording',
    media: media.media,
    issues: [...name.issues, ...media.issues],
    warnings: [...name.warnings, ...media.warnings],
  };
}

/** One record, or the reasons why there is none. The reading is reported as a warning-free fact of the file. */
function sidecarFacts(policy: Policy, name: ParsedName, sha256: string, metadata: ParsedMetadata): FileFacts {
  const [raw] = metadata.records;
  const issues: Issue[] = [...metadata.issues];
  if (issues.length === 0 && metadata.rowCount > 1) {
    const message = `One record is expected in a file; this one holds ${metadata.rowCount}. A field mapping with \`manyRecords\` takes lists.`;
    issues.push(issue('METADATA_INVALID', message));
  }
  if (issues.length === 0 && !raw) issues.push(issue('METADATA_INVALID', 'The file holds no record.'));
  const isReadable = issues.length === 0 && raw !== undefined;
  return {
    kind: 'sidecar',
    stem: name.stem,
    sha256,
    media: null,
    issues: [],
    warnings: [...name.warnings, ...metadata.warnings],
    records: [
      {
        row: 0,
        raw: isReadable ? raw : null,
        namedStem: isReadable ? stemNamedBy(raw, policy) : null,
        issues,
        warnings: [],
      },
    ],
  };
}

/**
 * Whether a file holds the metadata of many calls: a CSV of several rows, or of one that names a recording of another
 * name; a list in another format where the field mapping says so. Source: C15, case 30.
 */
function isBatch(name: ParsedName, metadata: ParsedMetadata, policy: Policy): boolean {
  const { format, header, rowCount, records } = metadata;
  const mayHoldMany = format === 'csv' ? header !== null : isListed(policy);
  const [only] = records;
  if (!mayHoldMany || rowCount > 1 || !only) return mayHoldMany && rowCount > 1;
  const named = stemNamedBy(only, policy);
  return named !== null && named !== name.stem && name.wallTime === null;
}

const isListed = (policy: Policy): boolean => policy.mapping.options.manyRecords === true;

async function readAndSaveBatch(
  deps: ClassifyFileDeps,
  tenantId: string,
  file: FileToClassify,
  name: ParsedName,
  path: string,
  { sha256, metadata }: Inspection,
): Promise<string[]> {
  await using reading = startRowReading<BatchReadOptions, BatchReadReport>({
    module: new URL('../batch/read-batch-rows.ts', import.meta.url),
    path,
    options: { format: metadata!.format, policy: file.policy },
    heapMb: BATCH_HEAP_MB,
    timeLimitMs: BATCH_BASE_MS + Math.ceil(file.sizeBytes / BATCH_BYTES_PER_MS),
  });
  const { stem, warnings } = name;
  const facts = { stem, sha256, warnings, isNamedAsSidecar: name.wallTime !== null };
  const end = await deps.batches.saveBatch(tenantId, file.fileId, facts, reading);
  if (end.kind === 'gone') return [];
  if (end.kind === 'saved') return [...end.wakes];
  return deps.files.saveFacts(tenantId, file.fileId, unreadable(name, sha256, end.issues));
}

/** Without a digest: no other file has the same bytes as one that nobody can read. */
function neverRead(name: ParsedName): FileFacts {
  const sentence = 'The file could not be read within the limits of memory and time.';
  if (name.kind !== 'recording') return unreadable(name, '', [issue('METADATA_INVALID', sentence)]);
  const { stem, warnings } = name;
  const issues = [issue('NOT_MEDIA', sentence)];
  return { kind: 'recording', stem, sha256: '', media: null, warnings, issues, records: [] };
}

/** Metadata of which nothing can be used. */
function unreadable({ stem, warnings }: ParsedName, sha256: string, issues: readonly Issue[]): FileFacts {
  const records = [{ row: 0, raw: null, namedStem: null, issues, warnings: [] }];
  return { kind: 'sidecar', stem, sha256, media: null, issues: [], warnings, records };
}
