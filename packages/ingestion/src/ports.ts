import type { Readable } from 'node:stream';

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

/** Where bytes rest, by tenant. A key is `<tenantId>/<blobId>`; bytes are never shared between tenants. */
export interface BlobStore {
  /**
   * Takes over a complete, closed local file: when it resolves the bytes are durable (file and folder synced) and
   * `path` is gone. Idempotent.
   */
  put(tenantId: string, blobId: string, path: string): Promise<string>;
  /** A new blob with the same bytes. */
  copy(tenantId: string, fromKey: string, blobId: string): Promise<string>;
  /** Bytes from `start` to `end` inclusive. Throws CallbayError BLOB_MISSING where there are none. */
  read(tenantId: string, key: string, range?: { start: number; end: number }): Promise<Readable>;
  size(tenantId: string, key: string): Promise<number | null>;
  /**
   * A local path to read the bytes from while the handle is open: the blob itself on disk, a temporary copy elsewhere.
   */
  openLocal(tenantId: string, key: string): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }>;
  /** Removing what is not there is fine. */
  remove(tenantId: string, key: string): Promise<void>;
  /** All keys with their age, for the sweep of orphans. */
  list(): AsyncIterable<{ tenantId: string; key: string; modifiedAt: Date }>;
}

/** A login that may be tried. Keys are SSH wire-format public keys, base64. */
export interface SftpAccount {
  readonly tenantId: string;
  readonly username: string;
  readonly canRead: 'all' | 'receipts' | 'none';
  readonly allowedCidrs: readonly string[];
  readonly keys: readonly {
    readonly id: string;
    readonly publicKey: string;
    readonly expiresAt: Date | null;
  }[];
  /** scrypt hash, null where the user or its tenant allows no password. */
  readonly passwordHash: string | null;
}

export interface AuditEntry {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly remoteAddress: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface SftpAccountStore {
  /** Null for an unknown user, and for users of suspended tenants. */
  findAccount(username: string): Promise<SftpAccount | null>;
  touchKey(tenantId: string, keyId: string): Promise<void>;
  /** `tenantId` null: nobody's login. */
  appendAudit(tenantId: string | null, entry: AuditEntry): Promise<void>;
  /** The server's host keys (PEM, OpenSSH format), made on first call, the same on every node. */
  loadHostKeys(
    make: () => { type: 'ed25519' | 'ecdsa' | 'rsa'; privateKey: string; publicKey: string }[],
  ): Promise<{ type: string; privateKey: string; publicKey: string }[]>;
  /** Calls back with a user name whenever its keys, password or existence changed. */
  watchAccess(onChange: (username: string) => void): Promise<AsyncDisposable>;
}

/** The alarm clock: the queue may lose all of it, sweeps make it again. */
export interface JobQueue {
  enqueueClassify(tenantId: string, fileId: string): Promise<void>;
  /** The same for many files, of any tenants, in one question to the queue. */
  enqueueManyClassify(files: readonly { tenantId: string; fileId: string }[]): Promise<void>;
}
