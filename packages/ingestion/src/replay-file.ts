import type { JobQueue } from './ports.ts';
import type { ReplayStore } from './sweep-ports.ts';

/** Reads and judges a held or rejected file again. A lost job is made again by the sweep of unread files. */
export async function replayFile(
  { replays, queue }: { replays: ReplayStore; queue: JobQueue },
  { tenantId, fileId, actor }: { tenantId: string; fileId: string; actor: string },
): Promise<'replayed' | 'not_replayable' | null> {
  const result = await replays.replayFile(tenantId, fileId, actor);
  if (result === 'replayed') await queue.enqueueClassify(tenantId, fileId);
  return result;
}
