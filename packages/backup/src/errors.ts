export type BackupErrorCode =
  /** The file to write is there already. */
  | 'FILE_EXISTS'
  /** The file is none of our backups, or of a format this version does not know. */
  | 'NOT_A_BACKUP'
  /** It is one, but bytes are missing or changed. */
  | 'DAMAGED'
  /** Its schema, or its Postgres, does not fit the target. */
  | 'WRONG_VERSION'
  /** Its secrets are sealed under another key than the target's. */
  | 'WRONG_KEY'
  /** The target holds something. */
  | 'NOT_EMPTY'
  /** Something works on the target. */
  | 'IN_USE';

/** Why a backup was not written or restored; the message names what to do. Nothing was changed. */
export class BackupError extends Error {
  readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
    this.code = code;
  }
}
