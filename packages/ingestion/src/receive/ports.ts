/** Where a file shows in the drop. */
export type DropFolder = 'data' | 'processed' | 'rejected';

/** One file as the drop's view shows it. Never a purged or withdrawn one. */
export interface DropEntry {
  readonly fileId: string;
  readonly folder: DropFolder;
  /** The name it is shown under: `a~2.wav` where `a.wav` was taken. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly blobKey: string;
  /** False once the file has ended: it can then not be removed or continued. */
  readonly isOpen: boolean;
}

export interface ReceivedFile {
  readonly fileId: string;
  readonly receivedAt: Date;
  readonly seq: number;
}

export interface FileToReceive {
  readonly fileId: string;
  readonly drop: 'sftp' | 's3' | 'folder';
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly blobKey: string;
  /** Who sent it, for the audit: a user name. */
  readonly sentBy: string;
}

/**
 * The drop's view and its doors, over file rows. Every method names its tenant and throws a retryable
 * CallbayError when the database is away.
 */
export interface DropStore {
  /** Files of one folder by name, newest version of each name, at most `limit` after `afterName`. */
  listFolder(
    tenantId: string,
    folder: DropFolder,
    page: { afterName: string | null; limit: number },
  ): Promise<DropEntry[]>;
  findInFolder(tenantId: string, folder: DropFolder, name: string): Promise<DropEntry | null>;
  /**
   * The newest file received as `name` within the last 60 s, wherever it has moved on to; null where the customer
   * removed it.
   */
  findRecentlyClosed(tenantId: string, name: string): Promise<DropEntry | null>;
  /**
   * Commits the file row with the next receive sequence and the database's clock. The bytes must be durable by then.
   */
  receiveFile(tenantId: string, file: FileToReceive): Promise<ReceivedFile>;
  /** Commits the row of an upload refused for its size, so that a receipt tells of it. Holds no bytes. */
  recordRefusal(
    tenantId: string,
    refusal: { fileId: string; name: string; sizeBytes: number; code: string; sentBy: string },
  ): Promise<void>;
  /** Marks the customer's removal; false where the file has ended already or is not there. */
  withdrawFile(tenantId: string, fileId: string): Promise<boolean>;
  setModifiedAt(tenantId: string, fileId: string, modifiedAt: Date): Promise<void>;
  listReceipts(
    tenantId: string,
    page: { afterName: string | null; limit: number },
  ): Promise<{ name: string; sizeBytes: number; modifiedAt: Date }[]>;
  /** One entry of `listReceipts`, with the same size and time: clients stat what they list. */
  findReceipt(
    tenantId: string,
    name: string,
  ): Promise<{ name: string; sizeBytes: number; modifiedAt: Date } | null>;
  /** The JSON of `/receipts/<name>`, or null. `listReceipts` gives its exact size in bytes. */
  readReceipt(tenantId: string, name: string): Promise<Buffer | null>;
}
