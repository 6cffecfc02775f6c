import { CallbayError } from '@callbay/core';

/** Status codes of SFTP version 3. */
export const SFTP_STATUS = {
  OK: 0,
  EOF: 1,
  NO_SUCH_FILE: 2,
  PERMISSION_DENIED: 3,
  FAILURE: 4,
  BAD_MESSAGE: 5,
  OP_UNSUPPORTED: 8,
} as const;

export type SftpStatus = (typeof SFTP_STATUS)[keyof typeof SFTP_STATUS];

/** A request answered with a status and a sentence for the person at the client. Never our bug, never logged as one. */
export class SftpRefusal extends Error {
  readonly status: SftpStatus;

  constructor(status: SftpStatus, sentence: string) {
    super(sentence);
    this.name = 'SftpRefusal';
    this.status = status;
  }
}

export const denied = (sentence: string): SftpRefusal =>
  new SftpRefusal(SFTP_STATUS.PERMISSION_DENIED, sentence);
export const failed = (sentence: string): SftpRefusal => new SftpRefusal(SFTP_STATUS.FAILURE, sentence);
export const ABSENT = 'There is no such file.';
export const absent = (): SftpRefusal => new SftpRefusal(SFTP_STATUS.NO_SUCH_FILE, ABSENT);
export const malformed = (): SftpRefusal =>
  new SftpRefusal(SFTP_STATUS.BAD_MESSAGE, 'The request is malformed.');
export const invalidHandle = (): SftpRefusal => failed('This handle is not open.');

/** The errno name of a failed system call, or null for any other error. */
export const errnoOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;

/** The errno names of an error and of what caused it. */
const errnosOf = (error: unknown): (string | null)[] => [
  errnoOf(error),
  error instanceof Error ? errnoOf(error.cause) : null,
];

/** Whether this process, or the whole host, may open no more files. */
export const isOutOfDescriptors = (error: unknown): boolean =>
  errnosOf(error).some((errno) => errno === 'EMFILE' || errno === 'ENFILE');

/**
 * Whether bytes are not worth keeping after this error. On a full disk they would only keep it full, for every tenant,
 * and beyond a quota for the tenant itself.
 * After a failed sync nobody knows which of them are on the medium, and the next sync may succeed without them.
 */
export const isUnfitToKeep = (error: unknown): boolean =>
  errnosOf(error).some((errno) => errno !== null && UNFIT.has(errno));
const UNFIT: ReadonlySet<string> = new Set(['STORAGE_FULL', 'QUOTA_EXCEEDED', 'ENOSPC', 'EDQUOT', 'EIO']);

const TOO_MANY_OPEN = 'The server has too many files open. Try again in a minute.';
const STORAGE_FULL = 'There is no room left on the server; nothing of this file was kept. Try again later.';
const OVER_QUOTA = 'Your storage quota is used up; nothing of this file was kept. Ask us for a larger one.';
/** The tenant has used up what it may store. */
export const overQuota = (): SftpRefusal => failed(OVER_QUOTA);
/** Known before the disk is full: the operator is alerted, and no log line is written for each write. */
export const noRoom = (): SftpRefusal => failed(STORAGE_FULL);

/**
 * What the client is told about an error, and whether the operator must hear of it. Sentences name no path of
 * the server and no other customer.
 */
export function statusOf(error: unknown): { status: SftpStatus; sentence: string; isOurs: boolean } {
  if (error instanceof SftpRefusal) return { status: error.status, sentence: error.message, isOurs: false };
  const errno = errnoOf(error);
  if (errno === 'STORAGE_FULL' || errno === 'ENOSPC' || errno === 'EDQUOT') {
    return { status: SFTP_STATUS.FAILURE, sentence: STORAGE_FULL, isOurs: true };
  }
  if (isOutOfDescriptors(error)) {
    return { status: SFTP_STATUS.FAILURE, sentence: TOO_MANY_OPEN, isOurs: true };
  }
  if (error instanceof CallbayError) {
    if (error.code === 'QUOTA_EXCEEDED') {
      return { status: SFTP_STATUS.FAILURE, sentence: OVER_QUOTA, isOurs: false };
    }
    if (error.code === 'BLOB_MISSING') {
      return {
        status: SFTP_STATUS.NO_SUCH_FILE,
        sentence: 'The bytes of this file were purged.',
        isOurs: false,
      };
    }
    if (error.retryable) {
      const sentence = 'The service is briefly away; nothing was lost. Try again in a minute.';
      return { status: SFTP_STATUS.FAILURE, sentence, isOurs: true };
    }
  }
  return {
    status: SFTP_STATUS.FAILURE,
    sentence: 'Something broke on our side. Try again, or tell us.',
    isOurs: true,
  };
}
