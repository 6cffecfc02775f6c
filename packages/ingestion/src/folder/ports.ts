import type { Actor } from '../ports.ts';
import type { FilePlace, FileToReceive, ReceiptsOfFile } from '../receive/ports.ts';

/** A tenant whose files another program leaves in a folder, as a scanner needs it. */
export interface FolderDrop {
  readonly tenantId: string;
  /** The tenant's own patterns of temporary names; null for the default. */
  readonly temporaryNames: readonly string[] | null;
  /** The folders were made once: from then on they must be in place. */
  readonly isPlaced: boolean;
}

/** An entry of the folder that is not received, and why. */
export interface IgnoredEntry {
  readonly name: string;
  readonly reason: string;
}

/** What a scan found. */
export interface FolderReport {
  /** `failed`: the folder cannot be scanned, for the reason in `message`. */
  readonly state: 'ready' | 'failed';
  readonly message: string | null;
  /** Files that are still changing, or that wait for room. */
  readonly waiting: number;
  /** The first of the entries that are not received. */
  readonly ignored: readonly IgnoredEntry[];
}

/** A folder drop as the API shows it. Without a report it was never scanned. */
export interface FolderDropRow {
  readonly createdAt: Date;
  readonly scannedAt: Date | null;
  readonly report: FolderReport | null;
}

/** A received file that rests in `data`, where its owner may still replace or remove it. */
export interface RestingFile extends Pick<FileToReceive, 'fileId' | 'name' | 'sizeBytes' | 'modifiedAt'> {
  readonly seq: number;
  /** Received since the drop exists, so that its absence means that its owner removed it. */
  readonly isOfDrop: boolean;
}

/** A file that was purged and whose copy in the folder is to be removed. */
export interface FileToClear extends Pick<FileToReceive, 'fileId' | 'sizeBytes' | 'modifiedAt'> {
  readonly place: FilePlace;
}

/** What the scanner of folders asks the database. Every method but `listDrops` names its tenant. */
export interface FolderStore {
  /** The drops that nobody else has scanned within the last `idleMs`. */
  listDrops(scanner: string, idleMs: number): Promise<FolderDrop[]>;
  /** Runs work that one process of all may do at a time for this tenant; answers whether it ran. */
  scanAlone(tenantId: string, work: () => Promise<void>): Promise<boolean>;
  /** Notes who scans. `isSame`: nobody else has since this scanner's last scan. Null: the drop was removed. */
  beginScan(tenantId: string, scanner: string): Promise<{ isSame: boolean; now: Date } | null>;
  /** Notes that the folders were made. */
  recordPlaced(tenantId: string): Promise<void>;
  recordReport(tenantId: string, report: FolderReport): Promise<void>;
  /** Files that rest in `data`, in receive order: at most `limit` after `afterSeq`. */
  listResting(tenantId: string, page: { afterSeq: number; limit: number }): Promise<RestingFile[]>;
  /** Whether a file of this id was received. */
  isReceived(tenantId: string, fileId: string): Promise<boolean>;
  /** Whether it has not ended, so that its owner may still remove it. */
  isOpen(tenantId: string, fileId: string): Promise<boolean>;
  listFilesToClear(tenantId: string, limit: number): Promise<FileToClear[]>;
  recordCleared(tenantId: string, fileId: string): Promise<void>;
  listReceiptsDue(tenantId: string, limit: number): Promise<ReceiptsOfFile[]>;
  recordReceipts(
    tenantId: string,
    files: readonly Pick<ReceiptsOfFile, 'fileId' | 'outcomeAt'>[],
  ): Promise<void>;
}

/** Folder drops as the API reads and changes them. */
export interface FolderDropStore {
  findDrop(tenantId: string): Promise<FolderDropRow | null>;
  /** Again it changes nothing. */
  createDrop(tenantId: string, by: Actor): Promise<void>;
  /** False where there is none. What is in the folder stays there. */
  deleteDrop(tenantId: string, by: Actor): Promise<boolean>;
}
