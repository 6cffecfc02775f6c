import { READ_LANES } from '@callbay/core';
import type { Actor, JobQueue } from '../ports.ts';
import type { ReplayStore } from './ports.ts';

/** Judges a held file again, and reads a rejected one first. A lost job is made again by the sweep of unread files. */
export async function replayFile(
  { replays, queue }: { replays: ReplayStore; queue: JobQueue },
  { tenantId, fileId, by }: { tenantId: string; fileId: string; by: Actor },
): Promise<'replayed' | 'not_replayable' | null> {
  const result = await replays.replayFile(tenantId, fileId, by);
  if (result === 'replayed') await queue.wakeManyReaders(READ_LANES.map((lane) => ({ tenantId, lane })));
  return result;
}
