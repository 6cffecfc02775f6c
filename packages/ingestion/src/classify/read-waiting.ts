import { isShortRead, type ReadLane } from '@callbay/core';
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

/** One attempt at a turn. */
export interface ReadTurn {
  readonly tenantId: string;
  readonly lane: ReadLane;
  /** From 1: what failed before is tried in smaller parts. */
  readonly attempt?: number;
  /** Aborted when the attempt has taken its time. */
  readonly signal?: AbortSignal;
}

/**
 * One turn of a tenant's lane: its next group of small files, or its next file that is read alone. Running it twice, or in
 * two processes at once, changes nothing. Throws where a service is unavailable, and the signal's reason where it was aborted.
 */
export async function readWaiting(deps: ReadWaitingDeps, turn: ReadTurn): Promise<void> {
  const { tenantId, lane } = turn;
  if (lane === 'group') return readGroup(deps, turn);
  const { queue, readSlots } = deps;
  const waiting = await deps.files.findWaiting(tenantId, 'alone', NEXT_FILES);
  if (waiting) {
    const [next] = waiting.files;
    using slot = readSlots.take(tenantId, { isShort: next !== undefined && isShortRead(next) });
    if (slot === null) return queue.wakeReaders(tenantId, 'alone', SLOT_RETRY_MS);
    if (next) await readAlone(deps, { ...turn, fileId: next.fileId });
  } else readSlots.leave(tenantId);
  if (waiting?.files.length === NEXT_FILES) await queue.wakeReaders(tenantId, 'alone');
  for (const next of readSlots.next()) if (next !== tenantId) await queue.wakeReaders(next, 'alone');
}
