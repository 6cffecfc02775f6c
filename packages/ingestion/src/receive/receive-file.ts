import { CallbayError, canonicalStem, laneOf } from '@callbay/core';
import type { BlobStore, JobQueue, PipelineLog } from '../ports.ts';
import type { FileReceiver, FileToReceive, ReceivedFile } from './ports.ts';

export interface ReceiveFileDeps {
  readonly receiver: FileReceiver;
  readonly blobs: Pick<BlobStore, 'size'>;
  readonly queue: JobQueue;
  readonly log: Pick<PipelineLog, 'warn'>;
  /** Keeps work that nobody waits for, so that a closing process can. */
  readonly inBackground: (work: Promise<void>) => void;
}

/**
 * Takes a whole file in at any door: its row is committed, then the pipeline is woken. The bytes must be durable before.
 * When it resolves the door may acknowledge the file. When it rejects the row may be there or not: the door calls again
 * with the same file id, or has the sender send the file again.
 */
export async function receiveFile(
  deps: ReceiveFileDeps,
  { tenantId, ...file }: FileToReceive & { readonly tenantId: string },
): Promise<ReceivedFile> {
  const received = await deps.receiver.receiveFile(tenantId, file);
  deps.inBackground(wakePipeline(deps, tenantId, file));
  await assertStored(deps, tenantId, file.blobKey);
  return received;
}

/**
 * The sweep of orphans takes bytes that no row refers to. Where it took these before their row was there, as after all
 * clocks have jumped ahead, the sender must send them again. From the row on it leaves them alone.
 */
async function assertStored({ blobs }: ReceiveFileDeps, tenantId: string, blobKey: string): Promise<void> {
  if ((await blobs.size(tenantId, blobKey)) !== null) return;
  throw new CallbayError('INTERNAL', 'The bytes of a file were removed before it was acknowledged.');
}

/** The row is the truth: a queue that is unavailable costs time, never the file, so nobody waits for it. */
async function wakePipeline(
  deps: ReceiveFileDeps,
  tenantId: string,
  { fileId, name, sizeBytes }: FileToReceive,
): Promise<void> {
  try {
    const { ext } = canonicalStem(name);
    await deps.queue.wakeReaders(tenantId, laneOf({ ext, sizeBytes }));
  } catch (error) {
    deps.log.warn(
      { err: error, tenantId, fileId },
      'pipeline not woken for a received file; the sweep will find it',
    );
  }
}
