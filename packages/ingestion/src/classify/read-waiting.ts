import type { ReadLane } from '@callbay/core';
import type { CrmQueue } from '../crm/ports.ts';
import type { JobQueue } from '../ports.ts';
import { type ReadAloneDeps, readAlone } from './read-alone.ts';
import { type ReadGroupDeps, readGroup } from './read-group.ts';
import type { ReadSlots } from './read-slots.ts';

export interface ReadWaitingDeps extends ReadAloneDeps, ReadGroupDeps {
  readonly queue: JobQueue & CrmQueue;
  readonly readSlots: ReadSlots;
}

/** One more than is read at once tells whether more wait. */
const NEXT_FILES = 2;
const SLOT_RETRY_MS = 500;

/**
 * One turn of a tenant's lane: its next group of small files, or its next file that is read alone. Running it twice, or in
 * two processes at once, changes nothing. Throws where a service is unavailable.
 */
export async function readWaiting(
  deps: ReadWaitingDeps,
  { tenantId, lane }: { tenantId: string; lane: ReadLane },
): Promise<void> {
  if (lane === 'group') return readGroup(deps, { tenantId });
  const waiting = await deps.files.findWaiting(tenantId, 'alone', NEXT_FILES);
  if (!waiting) return;
  using slot = deps.readSlots.take();
  if (slot === null) return deps.queue.wakeReaders(tenantId, 'alone', SLOT_RETRY_MS);
  const [next] = waiting.files;
  if (next) await readAlone(deps, { tenantId, fileId: next.fileId });
  if (waiting.files.length === NEXT_FILES) await deps.queue.wakeReaders(tenantId, 'alone');
}
