import { kindOfName, type ParsedName, type Policy, parseBundleName, parseFileName } from '@callbay/core';
import { advanceInChunks } from '../calls/advance-calls.ts';
import type { ReadFile } from '../calls/ports.ts';
import type { JobQueue } from '../ports.ts';
import { factsOf, isBatch, taskOf } from './file-facts.ts';
import { type Inspection, type InspectTask, isFailure } from './inspection.ts';
import { InspectionError } from './inspector.ts';
import type { UnreadFile } from './ports.ts';
import { isOutage, type SaveFactsDeps, saveFacts } from './save-facts.ts';

export interface ReadGroupDeps extends SaveFactsDeps {
  readonly queue: JobQueue;
}

/** The most files of one group: few enough that the tenant's next file, and another tenant's first, wait little. */
const GROUP_FILES = 200;
/** The most bytes of one group, but for its first file: recordings are only hashed, metadata is held in memory. */
const GROUP_BYTES = 64 * 1024 * 1024;
const GROUP_METADATA_BYTES = 4 * 1024 * 1024;

interface Planned {
  readonly file: UnreadFile;
  readonly name: ParsedName;
  readonly task: InspectTask;
}

/**
 * Reads the tenant's next small files as one group: few messages to the pool, one transaction for their facts and all calls
 * that the facts touch. Where more files wait, it makes another alarm instead of going on, so that tenants take turns.
 * Running it twice, or in two processes at once, changes nothing. Throws where a service is unavailable.
 */
export async function readGroup(
  deps: ReadGroupDeps,
  { tenantId, attempt = 1, signal }: { tenantId: string; attempt?: number; signal?: AbortSignal },
): Promise<void> {
  const waiting = await deps.files.findWaiting(tenantId, 'group', GROUP_FILES);
  if (!waiting) return;
  const { policy } = waiting;
  const group = takeBytes(waiting.files);
  const { read, alone } = await readFiles(deps, tenantId, group, policy, signal);
  signal?.throwIfAborted();
  const { wakes, refused } = await saveFacts(deps, tenantId, read, { attempt });
  for (const { fileId, error } of refused) {
    deps.log.warn({ err: error, tenantId, fileId }, 'the facts of a file could not be stored with its group');
    alone.push(fileId);
  }
  if (alone.length > 0) {
    await deps.files.moveToLaneAlone(tenantId, alone);
    await deps.queue.wakeReaders(tenantId, 'alone');
  }
  await advanceInChunks(deps, { tenantId, callKeys: wakes });
  await deps.files.keepPlansGood();
  const isMoreLeft = group.length < waiting.files.length || waiting.files.length === GROUP_FILES;
  if (isMoreLeft) await deps.queue.wakeReaders(tenantId, 'group');
}

/** As many files from the front as one group may hold; always the first. */
export function takeBytes(files: readonly UnreadFile[]): readonly UnreadFile[] {
  let bytes = 0;
  let metadataBytes = 0;
  const end = files.findIndex(({ name, sizeBytes }, n) => {
    bytes += sizeBytes;
    if (kindOfName(name) === 'sidecar') metadataBytes += sizeBytes;
    return n > 0 && (bytes > GROUP_BYTES || metadataBytes > GROUP_METADATA_BYTES);
  });
  return end < 0 ? files : files.slice(0, end);
}

/** What was read of the group, and the files to be read alone: those that failed here, and batches. */
async function readFiles(
  { blobs, inspector, log }: ReadGroupDeps,
  tenantId: string,
  group: readonly UnreadFile[],
  policy: Policy,
  signal: AbortSignal | undefined,
): Promise<{ read: ReadFile[]; alone: string[] }> {
  await using locals = new AsyncDisposableStack();
  const bundled = group.filter(({ name }) => parseBundleName(name) !== null);
  const single = group.filter((file) => !bundled.includes(file));
  const opened = await Promise.allSettled(
    single.map(async (file): Promise<Planned> => {
      const local = locals.use(await blobs.openLocal(tenantId, file.blobKey));
      const name = parseFileName(file.name, policy.settings);
      return { file, name, task: taskOf(file, policy, name, local.path) };
    }),
  );
  for (const end of opened) if (end.status === 'rejected' && isOutage(end.reason)) throw end.reason;
  const planned = opened.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  const results = await inspector.inspectMany(
    tenantId,
    planned.map(({ task }) => task),
    signal,
  );
  const read: ReadFile[] = [];
  const failed = single.filter((_file, n) => opened[n]?.status === 'rejected');
  const alone = [...bundled, ...failed].map(({ fileId }) => fileId);
  for (const [n, { file, name }] of planned.entries()) {
    const result = results[n]!;
    if (isFailure(result)) {
      // An outage says nothing about the file: the whole group is read again.
      if (result.failed === 'store') throw new InspectionError(result);
      log.warn({ err: result.cause, tenantId, fileId: file.fileId }, 'a file could not be read in its group');
      alone.push(file.fileId);
    } else if (belongsAlone(name, result, policy)) alone.push(file.fileId);
    else read.push({ fileId: file.fileId, stem: file.stem, facts: factsOf(policy, name, result) });
  }
  return { read, alone };
}

const belongsAlone = (name: ParsedName, { metadata }: Inspection, policy: Policy): boolean =>
  metadata !== null && isBatch(name, metadata, policy);
