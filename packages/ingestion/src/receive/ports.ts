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

/** One version of an object in a bucket. */
export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
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
  readonly drop: 'sftp' | 's3' | 'folder' | 'api';
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly blobKey: string;
  /** Who sent it, for the audit: a user name. */
  readonly sentBy: string;
  /**
   * When the file came, from a door that knows it, such as the time of an object's version: an outage of ours then makes
   * no file late. Absent: the database's clock as the row is committed, which is also the latest that is believed.
   */
  readonly receivedAt?: Date | undefined;
  /** Which object it is, from a bucket. */
  readonly object?: ObjectPlace | undefined;
}

/** A file that ends at the door: its sender gets a receipt, and no bytes are kept. */
export interface FileToRefuse {
  readonly fileId: string;
  readonly drop: FileToReceive['drop'];
  readonly name: string;
  readonly sizeBytes: number;
  /** An outcome code of the table. */
  readonly code: string;
  /** What exactly is wrong, in place of the sentence of the code. */
  readonly message?: string | undefined;
  readonly sentBy: string;
  readonly receivedAt?: Date | undefined;
  /** From a door whose refused files stay where they are until they are moved, and are known by it. */
  readonly modifiedAt?: Date | undefined;
  readonly object?: ObjectPlace | undefined;
}

/**
 * Commits what the doors took. Every method names its tenant, may be called again with the same file id, and throws
 * NOT_FOUND for an unknown tenant and a retryable CallbayError when the database is unavailable.
 */
export interface FileReceiver {
  /**
   * Commits the file row with the next receive sequence. A file id that is known changes nothing and answers what it was
   * given the first time. Sequences are in the order of commits, and the instants of files whose door gave none are too;
   * a `receivedAt` that was given may be earlier than that of a lower sequence.
   */
  receiveFile(tenantId: string, file: FileToReceive): Promise<ReceivedFile>;
  recordRefusal(tenantId: string, refusal: FileToRefuse): Promise<void>;
  /**
   * Bytes that a tenant may still store, as they were some seconds ago; null without a quota. `receiveFile` throws
   * QUOTA_EXCEEDED for a file that is beyond it just then.
   */
  readRoom(tenantId: string): Promise<number | null>;
}

/** A receipt as the drop lists it. `sizeBytes` is exact. */
export interface ReceiptEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/**
 * What a drop without folders of its own shows: file rows as folders, and receipts. Every method names its tenant and
 * throws a retryable CallbayError when the database is unavailable.
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
  /** The newest file received as `name`, where it was rejected within the last 24 h and its bytes are still here. */
  findRejected(tenantId: string, name: string): Promise<DropEntry | null>;
  /** Marks the customer's removal; false where the file has ended already or is not there. */
  withdrawFile(tenantId: string, fileId: string): Promise<boolean>;
  setModifiedAt(tenantId: string, fileId: string, modifiedAt: Date): Promise<void>;
  listReceipts(tenantId: string, page: { afterName: string | null; limit: number }): Promise<ReceiptEntry[]>;
  /** One entry of `listReceipts`, with the same size and time: clients stat what they list. */
  findReceipt(tenantId: string, name: string): Promise<ReceiptEntry | null>;
  /** The JSON of `/receipts/<name>`, or null. */
  readReceipt(tenantId: string, name: string): Promise<Buffer | null>;
}

/** Where a file rests in a drop with real folders. */
export interface FilePlace {
  readonly folder: DropFolder;
  readonly name: string;
}

export interface FileMove {
  readonly fileId: string;
  /** As the customer sent it. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** Where it was last moved to: `data` and its own name at first. */
  readonly from: FilePlace;
  /** Where it shows. No other file of the tenant shows there. */
  readonly to: FilePlace;
  /** Which object it was when it was last moved or received; null for a file of no bucket. */
  readonly object: ObjectPlace | null;
}

/** Receipts to be written for one file: its own, and that of the version before, whose name it takes. */
export interface ReceiptsOfFile {
  readonly fileId: string;
  /** Time of the outcome that they state. */
  readonly outcomeAt: Date;
  readonly receipts: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/** A drop whose files really move, such as a bucket or a folder on disk. Adapters implement it, one for each drop. */
export interface FileMover {
  /**
   * Brings one file from `from` to `to`. When it resolves with `moved` the file is at `to` and no longer at `from`. With
   * `absent` it is at neither, because its owner took it away.
   *
   * The call is made again after a crash at any point and after a lost answer, also by another process while the first
   * call still runs: a file found at both places is the same file half moved, and one found only at `to` is moved already.
   * It never overwrites a file of somebody else at `to` and never loses a newer file at `from`: the adapter knows its own
   * file by `fileId` or by its content, and throws CONFLICT where the place is taken. A CallbayError that is retryable
   * means that the next run tries again.
   */
  moveFile(tenantId: string, move: FileMove): Promise<'moved' | 'absent'>;
}

/** The moves that are to be made, from file rows. Every method names its tenant. */
export interface MoveStore {
  /**
   * Files of the tenant's drop that show elsewhere than where they were last moved, in receive order: at most `limit`
   * after `afterSeq`. Purged files are not among them.
   */
  listMoves(
    tenantId: string,
    page: { drop: 's3' | 'folder'; afterSeq: number; limit: number },
  ): Promise<(FileMove & { readonly seq: number })[]>;
  /** Notes where the file rests now. Again it changes nothing. */
  recordMove(tenantId: string, fileId: string, place: FilePlace): Promise<void>;
}
