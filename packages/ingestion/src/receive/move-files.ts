import type { PipelineLog } from '../ports.ts';
import type { FileMove, FileMover, MoveStore } from './ports.ts';

export interface MoveFilesDeps {
  readonly moves: MoveStore;
  readonly mover: FileMover;
  readonly log: Pick<PipelineLog, 'error'>;
}

const PAGE = 100;

/**
 * Moves a tenant's files to where they show, up to `limit` in receive order, and answers how many were moved. Each move is
 * recorded after it was made, so that a crash in between has it made again, which changes nothing. A file that cannot be
 * moved is logged and left to the next run, and keeps no other waiting. `atOnce` moves are under way at a time, one unless given.
 */
export async function moveFiles(
  deps: MoveFilesDeps,
  {
    tenantId,
    drop,
    limit,
    atOnce = 1,
  }: { tenantId: string; drop: 's3' | 'folder'; limit: number; atOnce?: number },
): Promise<number> {
  let moved = 0;
  let tried = 0;
  let afterSeq = 0;
  while (tried < limit) {
    const page = await deps.moves.listMoves(tenantId, {
      drop,
      afterSeq,
      limit: Math.min(PAGE, limit - tried),
    });
    const waiting = page.values();
    const worker = async (): Promise<void> => {
      for (const { seq: _, ...move } of waiting) if (await moveOne(deps, tenantId, move)) moved += 1;
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    tried += page.length;
    afterSeq = page.at(-1)?.seq ?? afterSeq;
    if (page.length === 0) break;
  }
  return moved;
}

async function moveOne(
  { moves, mover, log }: MoveFilesDeps,
  tenantId: string,
  move: FileMove,
): Promise<boolean> {
  try {
    await mover.moveFile(tenantId, move);
    await moves.recordMove(tenantId, move.fileId, move.to);
    return true;
  } catch (error) {
    log.error({ err: error, tenantId, fileId: move.fileId }, 'a file of the drop was not moved');
    return false;
  }
}
