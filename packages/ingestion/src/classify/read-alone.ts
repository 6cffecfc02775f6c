import {
  type CrmType,
  checkColumns,
  crmTypeOfHeader,
  crmTypeOfName,
  MAX_FAILED_READS,
  type ParsedName,
  type Policy,
  parseBundleName,
  parseFileName,
  rereadDelayMs,
} from '@callbay/core';
import { advanceBatch } from '../batch/advance-batch.ts';
import type { BatchStore } from '../batch/ports.ts';
import type { BatchReadOptions, BatchReadReport } from '../batch/read-batch-rows.ts';
import { type ReadBundleDeps, readBundleFile } from '../bundles/read-bundle-file.ts';
import { advanceInChunks } from '../calls/advance-calls.ts';
import type { CrmQueue, CrmStore } from '../crm/ports.ts';
import type { JobQueue } from '../ports.ts';
import { startRowReading } from '../reading/row-reader.ts';
import { factsOf, isBatch, setAsideFacts, taskOf, unreadable } from './file-facts.ts';
import type { Inspection } from './inspection.ts';
import type { UnreadFile } from './ports.ts';
import { HeavyFactsError, isOutage, type SaveFactsDeps, saveFactsOfOne } from './save-facts.ts';
import { whyUnread } from './why-unread.ts';

export interface ReadAloneDeps extends SaveFactsDeps, ReadBundleDeps {
  readonly batches: BatchStore;
  readonly crm: CrmStore;
  readonly queue: JobQueue & CrmQueue;
}

/** Doubled from one attempt to the next. */
const RETRY_MS = 500;
/** The other files of the lane go on while one rests that the database cannot take. */
const HEAVY_RETRY_MS = 30_000;
const BATCH_HEAP_MB = 192;
/** For a batch that a process of the usual size failed on. */
const HEAVY_BATCH_HEAP_MB = 768;
const BATCH_BASE_MS = 60_000;
/** A database that others use too still takes this much of a batch. */
const BATCH_BYTES_PER_MS = 512;

/** How long the rows of a batch may take to be read and stored. The job that reads the batch must have longer. */
export const batchLimitMs = (sizeBytes: number): number =>
  BATCH_BASE_MS + Math.ceil(sizeBytes / BATCH_BYTES_PER_MS);

interface AloneTurn {
  readonly tenantId: string;
  readonly fileId: string;
  readonly attempt?: number;
  readonly signal?: AbortSignal;
}

/**
 * Reads one file of any kind and size and stores what it found, then advances the calls that the facts touch. Running it
 * twice changes nothing. Throws where reading is to be tried again because a service is unavailable; a file that fails for
 * any other reason is read again later.
 */
export async function readAlone(
  deps: ReadAloneDeps,
  { tenantId, fileId, attempt = 1, signal }: AloneTurn,
): Promise<void> {
  const found = await deps.files.findUnreadFile(tenantId, fileId);
  if (!found) return;
  const { file, policy } = found;
  let wakes: readonly string[];
  try {
    wakes = await readAndSave(deps, tenantId, file, policy, { attempt, signal });
  } catch (error) {
    const isHeavy = error instanceof HeavyFactsError;
    if (signal?.aborted || (isOutage(error) && !isHeavy)) throw error;
    await noteFailedRead(deps, tenantId, file, policy, error, isHeavy ? HEAVY_RETRY_MS : 0);
    return;
  }
  // The file is read, whatever comes now: what fails here is left to the sweeps of due calls and of batches.
  try {
    await advanceInChunks(deps, { tenantId, callKeys: wakes });
    // The first rows of a batch at once; the sweep goes on with the rest.
    await advanceBatch(deps, { tenantId, fileId });
  } catch (error) {
    deps.log.error(
      { err: error, tenantId, fileId },
      'calls of a file that was read could not be advanced yet',
    );
  }
}

/**
 * A file that nobody can read must not keep its tenant's later files waiting forever: it is set aside. An outage of the
 * store is thrown: it says nothing about the file.
 */
async function noteFailedRead(
  deps: ReadAloneDeps,
  tenantId: string,
  file: UnreadFile,
  policy: Policy,
  error: unknown,
  retryInMs: number,
): Promise<void> {
  const { fileId } = file;
  const code = await whyUnread(deps.blobs, tenantId, file);
  const failures = await deps.files.countFailedRead(tenantId, fileId, retryInMs);
  const told = { err: error, tenantId, fileId, failures, code };
  if (failures < MAX_FAILED_READS) {
    deps.log.warn(told, 'a file could not be read and will be read again');
    await deps.queue.wakeReaders(tenantId, 'alone', Math.max(retryInMs, RETRY_MS * 2 ** failures));
    return;
  }
  deps.log.error(told, 'a file was set aside after repeated failed reads');
  const crmType = crmTypeOfName(file.name, policy.settings);
  const wakes =
    crmType !== null
      ? await saveCrmFile(deps, tenantId, file, crmType, '')
      : await saveFactsOfOne(deps, tenantId, {
          fileId,
          stem: file.stem,
          facts: {
            ...setAsideFacts(parseFileName(file.name, policy.settings), code),
            readAgainInMs: rereadDelayMs(file.rereads),
          },
        });
  await advanceInChunks(deps, { tenantId, callKeys: wakes });
}

/** Answers the keys of other calls to advance. */
async function readAndSave(
  deps: ReadAloneDeps,
  tenantId: string,
  file: UnreadFile,
  policy: Policy,
  { attempt, signal }: { readonly attempt: number; readonly signal: AbortSignal | undefined },
): Promise<readonly string[]> {
  const bundle = parseBundleName(file.name);
  if (bundle !== null) return readBundleFile(deps, { tenantId, file, name: bundle, signal });
  const name = parseFileName(file.name, policy.settings);
  const named = crmTypeOfName(file.name, policy.settings);
  await using local = await deps.blobs.openLocal(tenantId, file.blobKey);
  const task = taskOf(file, policy, name, local.path);
  const isHeavy = file.rereads > 0;
  const toInspect = named === null ? task : { ...task, read: null };
  const options = { isHeavy, ...(signal === undefined ? {} : { signal }) };
  const inspection = await deps.inspector.inspect(tenantId, toInspect, options);
  const type = named ?? (await crmTypeByHeader(deps, tenantId, policy, inspection));
  if (type !== null) return saveCrmFile(deps, tenantId, file, type, inspection.sha256);
  if (inspection.metadata && isBatch(name, inspection.metadata, policy)) {
    // A copy from a bucket is gone when this function ends.
    return await readAndSaveBatch(
      deps,
      tenantId,
      { file, policy, name, path: local.path, signal },
      inspection,
    );
  }
  const facts = factsOf(policy, name, inspection);
  const { fileId, stem } = file;
  return saveFactsOfOne(deps, tenantId, { fileId, stem, facts }, { attempt });
}

/** Puts a CRM file in line; the import itself may take minutes and is a job of its own. Source: C25. */
async function saveCrmFile(
  { crm, queue }: ReadAloneDeps,
  tenantId: string,
  { fileId }: UnreadFile,
  type: CrmType,
  sha256: string,
): Promise<string[]> {
  const callKeys = await crm.saveCrmFile(tenantId, fileId, { type, sha256, warnings: [] });
  await queue.enqueueCrmImport(tenantId, type);
  return callKeys;
}

/**
 * The type that only the header of a CSV tells, where it is not a call's: published mappings say which column is an id.
 */
async function crmTypeByHeader(
  { crm }: ReadAloneDeps,
  tenantId: string,
  policy: Policy,
  { header }: Inspection,
): Promise<CrmType | null> {
  if (header === null) return null;
  const required = policy.mapping.fields.filter((field) => field.required === true);
  if (required.length > 0 && checkColumns(header, required).length === 0) return null;
  return crmTypeOfHeader(header, await crm.findMappings(tenantId));
}

interface BatchToRead {
  readonly file: UnreadFile;
  readonly policy: Policy;
  readonly name: ParsedName;
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}

async function readAndSaveBatch(
  deps: ReadAloneDeps,
  tenantId: string,
  { file, policy, name, path, signal }: BatchToRead,
  { sha256, metadata }: Inspection,
): Promise<readonly string[]> {
  await using reading = startRowReading<BatchReadOptions, BatchReadReport>({
    module: new URL('../batch/read-batch-rows.ts', import.meta.url),
    path,
    options: { format: metadata!.format, policy },
    heapMb: file.rereads > 0 ? HEAVY_BATCH_HEAP_MB : BATCH_HEAP_MB,
    timeLimitMs: batchLimitMs(file.sizeBytes),
    ...(signal === undefined ? {} : { signal }),
  });
  const { stem, warnings } = name;
  const facts = { stem, sha256, warnings, isNamedAsSidecar: name.wallTime !== null };
  const end = await deps.batches.saveBatch(tenantId, file.fileId, facts, reading);
  if (end.kind === 'gone') return [];
  if (end.kind === 'saved') return end.wakes;
  const refused = unreadable(name, sha256, end.issues);
  return saveFactsOfOne(deps, tenantId, { fileId: file.fileId, stem: file.stem, facts: refused });
}
