/** Files leave the drop this long after they arrived, whatever became of them. Source: C5. */
export const DROP_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

/** The age at which an unpaired file is one day from its purge: its sender is warned. */
export const PURGE_WARNING_AGE_MS = DROP_RETENTION_MS - 24 * 60 * 60 * 1000;

/** A file that a door found late stays at least this long after it was seen, so that it is read before it leaves. */
export const SEEN_RETENTION_MS = 24 * 60 * 60 * 1000;

/** What decides when a file is purged, in epoch ms. `seenAt` is absent where the file was seen as it was received. */
export interface DropTimes {
  readonly receivedAt: number;
  readonly seenAt?: number | undefined;
}

/** The instant (epoch ms) from which a file is purged; a move does not reset it. Source: case 118. */
export const purgeAtOf = ({ receivedAt, seenAt = receivedAt }: DropTimes): number =>
  Math.max(receivedAt + DROP_RETENTION_MS, seenAt + SEEN_RETENTION_MS);
