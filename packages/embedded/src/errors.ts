export type EmbeddedPostgresErrorCode =
  /** The package holds no binaries for this platform. */
  | 'UNSUPPORTED_PLATFORM'
  /** Another living process runs this home's server. */
  | 'IN_USE'
  /** The data folder was written by another major version of Postgres. */
  | 'WRONG_MAJOR'
  /** The data folder belongs to another user of this machine. */
  | 'NOT_OURS'
  /** A file that leads to the data, or opens them, was lost; `repairCluster` makes it again. */
  | 'DAMAGED'
  | 'INIT_FAILED'
  | 'START_FAILED';

/** Why the embedded server cannot run; the message names what to do. */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
    this.code = code;
  }
}
