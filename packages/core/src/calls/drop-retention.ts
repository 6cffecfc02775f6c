/** Files leave the drop this long after they arrived, whatever became of them. Source: C5. */
export const DROP_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

/** The age at which an unpaired file is one day from its purge: its sender is warned. */
export const PURGE_WARNING_AGE_MS = DROP_RETENTION_MS - 24 * 60 * 60 * 1000;

/** The instant (epoch ms) from which a file received at `receivedAt` is purged; a move does not reset it. */
export const purgeAtOf = (receivedAt: number): number => receivedAt + DROP_RETENTION_MS;
