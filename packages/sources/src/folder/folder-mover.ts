import { rm } from 'node:fs/promises';
import { CallbayError } from '@callbay/core';
import type { FileMover } from '@callbay/ingestion';
import { isFileOfRow, look } from './entry-stats.ts';
import { moveWhole } from './move-whole.ts';
import type { FolderPlaces } from './places.ts';

/** Moves received files between the folders of a drop. A file is known by the size and time that its row tells. */
export const createFolderMover = (places: FolderPlaces): FileMover => ({
  async moveFile(_tenantId, move) {
    const [from, to] = [places.pathOf(move.from), places.pathOf(move.to)];
    const [source, target] = await Promise.all([look(from), look(to)]);
    const isHalfMoved = isFileOfRow(target, move);
    if (!isFileOfRow(source, move)) return isHalfMoved ? 'moved' : 'absent';
    if (isHalfMoved) {
      await rm(from, { force: true });
      return 'moved';
    }
    const outcome = await moveWhole(from, to, places.staging);
    if (outcome === 'taken') throw new CallbayError('CONFLICT', 'Another file is where this one belongs.');
    return outcome;
  },
});
