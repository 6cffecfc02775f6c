/** How much room a disk has; in bytes. */
export interface DiskSpace {
  /** Free for us: what the file system keeps for root is not. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const GIB = 2 ** 30;
const DEFAULT_FLOOR_BYTES = 2 * GIB;
const DEFAULT_FLOOR_SHARE = 0.1;
/** Somebody is to hear of it before the first upload is refused. */
const WARNING_FACTOR = 2;

/**
 * What must stay free on a disk: below it no upload begins or goes on, so that the database keeps room for its log and
 * for the work on what was received. 2 GiB, or a tenth of a smaller disk, unless set.
 */
export const diskFloorBytes = (totalBytes: number, setBytes: number | null): number =>
  setBytes ?? Math.min(DEFAULT_FLOOR_BYTES, Math.floor(totalBytes * DEFAULT_FLOOR_SHARE));

/** `full`: uploads are refused. `low`: they soon will be. */
export function judgeSpace(
  { freeBytes, totalBytes }: DiskSpace,
  setBytes: number | null,
): 'ok' | 'low' | 'full' {
  const floor = diskFloorBytes(totalBytes, setBytes);
  if (freeBytes < floor) return 'full';
  return freeBytes < floor * WARNING_FACTOR ? 'low' : 'ok';
}
