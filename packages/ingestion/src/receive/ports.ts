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

/** What a received file was given. */
export interface ReceivedFile {
  readonly fileId: string;
  readonly receivedAt: Date;
  readonly seq: number;
}

/** A whole file at a door. Its bytes are durable already. */
export interface FileToReceive {
  /** The door's own: the same id again is the same file. */
  readonly fileId: string;
  readonly drop: 'sftp' | 's3' | 'folder';
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly blobKey: string;
  /** Who sent it, for the audit: a user name. */
  readonly sentBy: string;
}

/** A file that ends at the door: its sender gets a receipt, and no bytes are kept. */
export interface FileToRefuse {
  readonly fileId: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** An outcome code of the table. */
  readonly code: string;
  readonly sentBy: string;
}

/**
 * Commits what the doors took. Every method names its tenant, may be called again with the same file id, and throws
 * NOT_FOUND for an unknown tenant and a retryable CallbayError when the database is away.
 */
export interface FileReceiver {
  /**
   * Commits the file row with the next receive sequence and the database's clock. A file id that is known changes
   * nothing and answers what it was given the first time.
   */
  receiveFile(tenantId: string, file: FileToReceive): Promise<ReceivedFile>;
  recordRefusal(tenantId: string, refusal: FileToRefuse): Promise<void>;
}

/** A receipt as the drop lists it. `sizeBytes` is exact. */
export interface ReceiptEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/**
 * What a drop without folders of its own shows: file rows as folders, and receipts. Every method names its tenant and
 * throws a retryable CallbayError when the database is away.
 */
export interface DropView {
  /** Files of one folder by name, newest version of each name, at most `limit` after `afterName`. */
  listFolder(
    tenantId: string,
    folder: DropFolder,
    page: { afterName: string | null; limit: number },
  ): Promise<DropEntry[]>;
  /**
   * The file that a path means. In `data` that is what shows there, else the newest file received as `name` within the
   * last 60 s, wherever it has moved on to: `isOpen` tells them apart. Null where the customer removed it.
   */
  findFile(tenantId: string, folder: DropFolder, name: string): Promise<DropEntry | null>;
  /** Marks the customer's removal; false where the file has ended already or is not there. */
  withdrawFile(tenantId: string, fileId: string): Promise<boolean>;
  setModifiedAt(tenantId: string, fileId: string, modifiedAt: Date): Promise<void>;
  listReceipts(tenantId: string, page: { afterName: string | null; limit: number }): Promise<ReceiptEntry[]>;
  /** One entry of `listReceipts`, with the same size and time: clients stat what they list. */
  findReceipt(tenantId: string, name: string): Promise<ReceiptEntry | null>;
  /** The JSON of `/receipts/<name>`, or null. */
  readReceipt(tenantId: string, name: string): Promise<Buffer | null>;
}
