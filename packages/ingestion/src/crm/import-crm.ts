import { CallbayError, isCrmType, MAX_FAILED_READS, outcomeOf } from '@callbay/core';
import { type AdvanceCallsDeps, advanceCalls } from '../calls/advance-calls.ts';
import { whyUnread } from '../classify/why-unread.ts';
import type { BlobStore, PipelineLog } from '../ports.ts';
import { startRowReading } from '../reading/row-reader.ts';
import type { ImportSlots } from './import-slots.ts';
import type { CrmImport, CrmImportEnd, CrmQueue, CrmStore } from './ports.ts';
import type { CrmReadOptions, CrmReadReport } from './read-crm-rows.ts';

export interface ImportCrmDeps extends AdvanceCallsDeps {
  readonly crm: CrmStore;
  readonly blobs: BlobStore;
  readonly queue: CrmQueue;
  readonly importSlots: ImportSlots;
  readonly log: PipelineLog;
}

const HEAP_MB = 96;
/** For a file that a process of the usual size failed on. */
const HEAVY_HEAP_MB = 512;
const BASE_MS = 60_000;
/** A slow disk, and a database that others use too, still take this much. */
const BYTES_PER_MS = 256;
const WAKE_BATCH = 500;
const NEXT_JOBS = 10;

/**
 * Imports the next CRM file of a tenant and type, then decides the calls that waited for it. Running it twice, or on
 * many workers at once, imports nothing twice. Where all slots are taken it does nothing: whoever has one makes the job
 * again. Throws where importing is to be tried again. Source: C25, C26, case 83.
 */
export async function importCrm(
  deps: ImportCrmDeps,
  { tenantId, type, signal }: { tenantId: string; type: string; signal?: AbortSignal },
): Promise<void> {
  if (!isCrmType(type)) throw new TypeError(`${type} is not a type of CRM file`);
  using slot = deps.importSlots.take(tenantId);
  if (slot === null) return;
  const next = await deps.crm.findNext(tenantId, type);
  if (next !== null && !(await importFile(deps, tenantId, next, signal))) return;
  if (await deps.crm.hasEnded(tenantId, type)) {
    await wakeCalls(deps, tenantId);
    await deps.crm.settle(tenantId, type);
  }
  if (next !== null) await sweepCrmImports(deps, NEXT_JOBS);
}

/** Whether the file's import has ended, well or not. */
async function importFile(
  deps: ImportCrmDeps,
  tenantId: string,
  next: CrmImport,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { crm } = deps;
  if (next.isWithdrawn || next.blobKey === null) {
    await crm.endImport(tenantId, next, outcomeOf(next.isWithdrawn ? 'WITHDRAWN' : 'PURGED_UNPAIRED'));
    return true;
  }
  try {
    const end = await readAndApply(deps, tenantId, next, signal);
    if (end !== 'repeated') return end !== null;
    return (await readAndApply(deps, tenantId, { ...next, firstAt: null }, signal)) !== null;
  } catch (error) {
    const isOutage = error instanceof CallbayError && error.retryable;
    if (isOutage || signal?.aborted) throw error;
    const { blobKey, sizeBytes } = next;
    const code = await whyUnread(deps.blobs, tenantId, { blobKey, sizeBytes });
    const failures = await crm.countFailure(tenantId, next.fileId);
    if (failures < MAX_FAILED_READS) throw error;
    deps.log.error(
      { err: error, tenantId, fileId: next.fileId, code },
      'a CRM file was set aside after repeated failed reads',
    );
    await crm.endImport(tenantId, next, outcomeOf(code));
    return true;
  }
}

async function readAndApply(
  { crm, blobs }: ImportCrmDeps,
  tenantId: string,
  next: CrmImport,
  signal: AbortSignal | undefined,
): Promise<CrmImportEnd> {
  await using local = await blobs.openLocal(tenantId, next.blobKey ?? '');
  await using reading = startRowReading<CrmReadOptions, CrmReadReport>({
    module: new URL('./read-crm-rows.ts', import.meta.url),
    path: local.path,
    options: {
      type: next.type,
      mapping: next.mapping,
      encoding: next.mapping?.options.encoding ?? next.encoding,
      timeZone: next.timeZone,
      receivedAtMs: next.receivedAt.getTime(),
      wholeRow: next.firstAt && { tenantId, fileId: next.fileId, at: next.firstAt.toISOString() },
    },
    heapMb: next.rereads > 0 ? HEAVY_HEAP_MB : HEAP_MB,
    timeLimitMs: BASE_MS + Math.ceil(next.sizeBytes / BYTES_PER_MS),
    ...(signal === undefined ? {} : { signal }),
  });
  // Awaited here: the child must live as long as its rows are read.
  return await crm.apply(tenantId, next, reading);
}

/** Decides every call anew that waits for CRM files: those that still must wait go on waiting. */
async function wakeCalls(deps: ImportCrmDeps, tenantId: string): Promise<void> {
  let after = '';
  for (;;) {
    const callKeys = await deps.crm.wakeCalls(tenantId, { after, limit: WAKE_BATCH });
    await advanceCalls(deps, { tenantId, callKeys });
    if (callKeys.length < WAKE_BATCH) return;
    after = callKeys.at(-1) ?? '';
  }
}

/** Makes the job again of every import that nobody is at: the queue may have lost it. */
export async function sweepCrmImports(
  { crm, queue }: Pick<ImportCrmDeps, 'crm' | 'queue'>,
  limit: number,
): Promise<number> {
  const unsettled = await crm.findUnsettled(limit);
  for (const { tenantId, type } of unsettled) await queue.enqueueCrmImport(tenantId, type);
  return unsettled.length;
}
