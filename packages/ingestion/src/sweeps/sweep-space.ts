import { diskFloorBytes, judgeSpace } from '@callbay/core';
import type { AlertStore } from '../alerts/ports.ts';
import type { BlobStore, PipelineLog } from '../ports.ts';

export interface SpaceSweepDeps {
  readonly blobs: Pick<BlobStore, 'readSpace'>;
  readonly alerts: Pick<AlertStore, 'noteShared'>;
  readonly log: Pick<PipelineLog, 'warn'>;
  /** Bytes that must stay free on the disk of the store; null for the default. */
  readonly diskFloorBytes: number | null;
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Opens and resolves the alert that says that the disk of the stored bytes has little room left. */
export async function sweepSpace({
  blobs,
  alerts,
  log,
  diskFloorBytes: set,
}: SpaceSweepDeps): Promise<number> {
  const space = await blobs.readSpace();
  const judged = space === null ? 'ok' : judgeSpace(space, set);
  if (space === null || judged === 'ok') {
    await alerts.noteShared('DISK_LOW', null);
    return 0;
  }
  const floor = diskFloorBytes(space.totalBytes, set);
  const { freeBytes } = space;
  log.warn({ code: 'DISK_LOW', freeBytes, floorBytes: floor, judged }, 'little disk space is free');
  await alerts.noteShared(
    'DISK_LOW',
    `${gib(freeBytes)} are free; below ${gib(floor)} every upload is refused.`,
  );
  return 1;
}
