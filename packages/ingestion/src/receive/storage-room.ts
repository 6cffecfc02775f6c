import { type DiskSpace, judgeSpace } from '@callbay/core';
import type { BlobStore, PipelineLog } from '../ports.ts';

/** Whether there is room for more bytes, as a door asks before an upload and while its bytes come. */
export interface StorageRoom {
  /** Whether the disk is below its floor, so that no bytes may be added. */
  isFull(): Promise<boolean>;
  /** The same on the calling thread, as it was a moment ago: for each of many small writes. */
  wasFull(): boolean;
}

export interface StorageRoomOptions {
  readonly blobs: Pick<BlobStore, 'readSpace'>;
  readonly log: Pick<PipelineLog, 'warn'>;
  /** Bytes that must stay free; null for the default. */
  readonly floorBytes: number | null;
}

/** A fast disk fills by some 100 MB in this time, far less than a floor. */
const FRESH_MS = 100;

/** Watches the store's disk, asking for its free space only when somebody wants to write. */
export function createStorageRoom({ blobs, log, floorBytes }: StorageRoomOptions): StorageRoom {
  let known = false;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  const judge = (space: DiskSpace | null): boolean =>
    space !== null && judgeSpace(space, floorBytes) === 'full';
  const read = async (): Promise<void> => {
    try {
      known = judge(await blobs.readSpace());
    } catch (err) {
      // A store that does not answer says so to the upload itself.
      log.warn({ err }, 'free space could not be read');
    }
    readAtMs = performance.now();
    reading = null;
  };
  const refresh = (): Promise<void> => {
    if (performance.now() - readAtMs < FRESH_MS) return Promise.resolve();
    reading ??= read();
    return reading;
  };

  return {
    isFull: async () => {
      await refresh();
      return known;
    },
    wasFull: () => {
      void refresh();
      return known;
    },
  };
}

/** For a door whose bytes rest where no disk fills. */
export const ENDLESS_ROOM: StorageRoom = { isFull: async () => false, wasFull: () => false };
