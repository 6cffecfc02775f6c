import type { Readable } from 'node:stream';

/** How much of an upload over HTTP has arrived. */
export interface UploadProgress {
  readonly uploadId: string;
  readonly name: string;
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** The next part begins at this byte. Equal to `sizeBytes`: the file is received, and its id is `uploadId`. */
  readonly receivedBytes: number;
}

/** The bytes of one request: a whole file, or a part of one. */
export interface UploadPart {
  readonly uploadId: string;
  /** Required with the first part. */
  readonly name: string | null;
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** Where in the file the part begins. */
  readonly start: number;
  readonly bytes: Readable;
  readonly sentBy: string;
  /** Whether bytes of an interrupted request are kept, so that a later part continues from them. */
  readonly isResumable: boolean;
}

/**
 * The door over HTTP. A file is whole when as many bytes have arrived as its first request announced. Every method names its tenant.
 * An upload rests on the node where it began.
 */
export interface UploadDoor {
  /**
   * Stores a part, and receives the file once it is whole: when that resolves, the file may be acknowledged. A part that begins before
   * the end of what arrived replaces what follows. A newer request for the same upload ends an older one. Throws a CallbayError:
   * NOT_FOUND for a later part of an unknown upload; CONFLICT where the part would leave a gap, where name or size differ, or
   * where another process writes the upload; QUOTA_EXCEEDED, STORAGE_FULL; BAD_REQUEST where the body ended early or is too long.
   */
  write(tenantId: string, part: UploadPart): Promise<UploadProgress>;
  /** Null where no such upload was begun here, and once its file is received. */
  find(tenantId: string, uploadId: string): Promise<UploadProgress | null>;
  /** Removes what arrived; false where there was nothing. */
  discard(tenantId: string, uploadId: string): Promise<boolean>;
}
