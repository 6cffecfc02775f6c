import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CallbayError, checkDropName } from '@callbay/core';
import {
  type DropView,
  type FolderDrop,
  type FolderReport,
  type FolderStore,
  type IgnoredEntry,
  type MoveStore,
  moveFiles,
  newFileId,
  type StorageRoom,
} from '@callbay/ingestion';
import { MAX_FILE_BYTES } from '../sftp/limits.ts';
import type { Logger } from '../sftp/logger.ts';
import { type Claim, type ClaimDeps, claimFile, finishClaim, listClaims } from './claims.ts';
import { isFileOfRow, isUntouched, look, modifiedAtOf } from './entry-stats.ts';
import { createFolderMover } from './folder-mover.ts';
import { removeOldReceipts, writeDueReceipts } from './folder-receipts.ts';
import { makePlaces, placesOf, whyNotInPlace } from './places.ts';
import { type DataEntry, readDataFolder, whyUnreadable } from './read-data-folder.ts';
import { RestingFiles } from './resting-files.ts';
import { type SettledFile, SettlingFiles } from './settling-files.ts';

export interface FolderScannerDeps extends ClaimDeps {
  readonly store: FolderStore;
  readonly moves: MoveStore;
  readonly view: Pick<DropView, 'withdrawFile'>;
  readonly room: StorageRoom;
  readonly log: Logger;
  readonly received?: (sizeBytes: number) => void;
  readonly monotonicMs?: () => number;
  readonly hostMs?: () => number;
}

export interface FolderScannerOptions {
  readonly root: string;
  /** Where bytes rest before the store of bytes takes them over. */
  readonly spool: string;
  /** Names this process among all scanners. */
  readonly scanner: string;
  readonly settleMs: number;
}

/** What a scan leaves: whether there is more to do at once, and else when a file may have settled. */
export interface ScanResult {
  readonly isBusy: boolean;
  readonly settlesInMs: number | null;
}

const RECEIVES_AT_ONCE = 64;
const RECEIVES_PER_SCAN = 5_000;
const MOVES_PER_SCAN = 2_000;
const CLEARS_PER_SCAN = 1_000;
const TIDY_EVERY_MS = 3_600_000;
/** Source: C5, for uploads that were begun and never finished. */
const ABANDONED_MS = 7 * 86_400_000;

/** Runs work on all items, so many at a time. */
async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: RECEIVES_AT_ONCE }, worker));
}

/**
 * Scans one tenant's folder. The scan decides alone: a file is whole when its size, its times and its inode have not
 * changed for the settle time. Every scan goes on from what the folder and the database say, whatever an earlier one or
 * another process left undone. Call it under the lock of the folder.
 */
export class FolderScanner {
  readonly #deps: FolderScannerDeps;
  readonly #options: FolderScannerOptions;
  readonly #drop: Pick<FolderDrop, 'tenantId'>;
  readonly #places;
  readonly #resting;
  readonly #monotonicMs;
  readonly #settling = new SettlingFiles();
  #tidiedAtMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(deps: FolderScannerDeps, options: FolderScannerOptions, tenantId: string) {
    this.#deps = deps;
    this.#options = options;
    this.#drop = { tenantId };
    this.#places = placesOf(options.root, tenantId);
    this.#resting = new RestingFiles(deps, this.#places, tenantId);
    this.#monotonicMs = deps.monotonicMs ?? (() => performance.now());
  }

  /** The folder to watch. */
  get data(): string {
    return this.#places.data;
  }

  /** A scan that runs ends soon, between two files. */
  stop(): void {
    this.#isStopped = true;
  }

  /** One scan. An error of the file system is reported to the operator, and thrown. */
  async scan(drop: FolderDrop): Promise<ScanResult> {
    try {
      return await this.#scan(drop);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (error instanceof CallbayError || code === undefined) throw error;
      const message = `The folder cannot be scanned: ${code}. Check its owner, its mode and its disk.`;
      const report = { state: 'failed', message, waiting: 0, ignored: [] } as const;
      await this.#deps.store.recordReport(drop.tenantId, report);
      throw error;
    }
  }

  async #scan(drop: FolderDrop): Promise<ScanResult> {
    const { store, log } = this.#deps;
    const { tenantId } = this.#drop;
    const idle = { isBusy: false, settlesInMs: null };
    const begun = await store.beginScan(tenantId, this.#options.scanner);
    if (begun === null) return idle;
    if (!drop.isPlaced) {
      await makePlaces(this.#places);
      await store.recordPlaced(tenantId);
    }
    const message = await whyNotInPlace(this.#places);
    if (message !== null) {
      log.warn({ tenantId, message }, 'a folder drop cannot be scanned');
      await store.recordReport(tenantId, { state: 'failed', message, waiting: 0, ignored: [] });
      return idle;
    }
    const hasClaimsLeft = await this.#finishClaims();
    if (!begun.isSame || !this.#resting.isLoaded) await this.#resting.load();
    const before = this.#resting.names();
    const { files, temporary, ignored } = await readDataFolder(this.#places.data, drop.temporaryNames);
    const { settled, waiting, settlesInMs } = this.#settling.judge(
      files.filter(({ name, stats }) => !this.#resting.isResting(name, stats)),
      { now: begun.now, nowMs: this.#monotonicMs(), settleMs: this.#options.settleMs },
    );
    const refused: IgnoredEntry[] = [];
    const now = settled.slice(0, RECEIVES_PER_SCAN);
    const quota = now.length === 0 ? null : await this.#deps.receiver.readRoom(tenantId);
    await eachOf(now, async (file) => {
      const reason = this.#isStopped ? null : await this.#tryToTake(file, quota ?? Number.POSITIVE_INFINITY);
      if (reason !== null) refused.push({ name: file.name, reason });
    });
    await this.#resting.withdrawMissing(before, new Set(files.map(({ name }) => name)));
    const moved = await this.#move();
    const cleared = await this.#clear();
    const hasReceiptsLeft = await writeDueReceipts(store, this.#places, tenantId);
    await this.#tidy(temporary, begun.now);
    const report: FolderReport = {
      state: 'ready',
      message: null,
      waiting: waiting + settled.length - now.length + refused.length,
      ignored: [...ignored, ...refused].slice(0, 100),
    };
    await store.recordReport(tenantId, report);
    const isFull = moved === MOVES_PER_SCAN || cleared === CLEARS_PER_SCAN || settled.length > now.length;
    return { isBusy: isFull || hasReceiptsLeft || hasClaimsLeft, settlesInMs };
  }

  /** Goes on with what a scanner left when it died; true where more are left than one scan takes. */
  async #finishClaims(): Promise<boolean> {
    const claims = await listClaims(this.#places, this.#drop.tenantId, RECEIVES_PER_SCAN);
    let finished = 0;
    await eachOf(claims, async (claim) => {
      if ((await this.#finish(claim)) === null) finished += 1;
    });
    return finished === RECEIVES_PER_SCAN;
  }

  /** One file that cannot be taken in keeps no other waiting. */
  async #tryToTake(file: SettledFile, quotaBytes: number): Promise<string | null> {
    try {
      return await this.#take(file, quotaBytes);
    } catch (err) {
      if (err instanceof CallbayError) throw err;
      this.#deps.log.error({ err, ...this.#drop }, 'a file of a folder was not received');
      return `The file cannot be received: ${(err as NodeJS.ErrnoException).code ?? 'an internal error'}.`;
    }
  }

  /** Takes a settled file in. Answers why it stays where it is, or null. */
  async #take(file: SettledFile, quotaBytes: number): Promise<string | null> {
    const { name, stats } = file;
    const { tenantId } = this.#drop;
    if (stats.nlink !== 1n) return 'The file has several hard links.';
    const refusal = checkDropName(name) === null ? null : 'NAME_INVALID';
    const code = refusal ?? (stats.size > BigInt(MAX_FILE_BYTES) ? 'TOO_LARGE' : null);
    if (code !== null) return this.#refuse(file, code);
    if (Number(stats.size) > quotaBytes) return 'The storage quota of the tenant is used up.';
    if (await this.#deps.room.isFull()) return 'The disk of Callbay is full.';
    const unreadable = await whyUnreadable(join(this.#places.data, name));
    if (unreadable !== null) return unreadable;
    const fileId = newFileId();
    const folder = join(this.#places.claims, this.#options.scanner, fileId);
    const claim = { tenantId, fileId, folder };
    const isClaimed = await claimFile(this.#deps, { places: this.#places }, claim, file);
    return isClaimed ? this.#finish(claim, file.firstSeenAt) : null;
  }

  async #finish(claim: Claim, firstSeenAt?: Date): Promise<string | null> {
    const { log, received } = this.#deps;
    const options = { places: this.#places, spool: this.#options.spool };
    try {
      const finished = await finishClaim(
        this.#deps,
        firstSeenAt === undefined ? options : { ...options, firstSeenAt },
        claim,
      );
      if (finished === null) return null;
      const { name, stats, outcome } = finished;
      this.#settling.forget(name);
      if (outcome === 'changed') return null;
      if (stats !== null) received?.(Number(stats.size));
      if (outcome === 'received' && stats !== null) this.#resting.add(claim.fileId, name, stats);
      return null;
    } catch (error) {
      log.error(
        { err: error, tenantId: claim.tenantId, fileId: claim.fileId },
        'a file of a folder was not received',
      );
      return error instanceof CallbayError ? error.message : 'The file could not be received.';
    }
  }

  /** The file moves to `rejected` with the next moves: nothing of it is stored. */
  async #refuse({ name, stats, firstSeenAt }: SettledFile, code: string): Promise<null> {
    const fileId = newFileId();
    const refusal = { fileId, drop: 'folder', name, sizeBytes: Number(stats.size), code } as const;
    await this.#deps.receiver.recordRefusal(this.#drop.tenantId, {
      ...refusal,
      sentBy: 'folder',
      receivedAt: firstSeenAt,
      modifiedAt: modifiedAtOf(stats),
    });
    this.#resting.add(fileId, name, stats);
    return null;
  }

  #move(): Promise<number> {
    const { moves, log } = this.#deps;
    const mover = createFolderMover(this.#places);
    const moveFile: typeof mover.moveFile = async (tenantId, move) => {
      const outcome = await mover.moveFile(tenantId, move);
      this.#resting.moved(move);
      return outcome;
    };
    return moveFiles(
      { moves, mover: { moveFile }, log },
      { ...this.#drop, drop: 'folder', limit: MOVES_PER_SCAN },
    );
  }

  /** Removes what was purged; how many files that were. */
  async #clear(): Promise<number> {
    const { store } = this.#deps;
    const { tenantId } = this.#drop;
    const purged = await store.listFilesToClear(tenantId, CLEARS_PER_SCAN);
    for (const { fileId, place, ...row } of purged) {
      const path = this.#places.pathOf(place);
      if (isFileOfRow(await look(path), row)) await rm(path, { force: true });
      await store.recordCleared(tenantId, fileId);
      this.#resting.remove(fileId, place.name);
    }
    return purged.length;
  }

  /** Removes old receipts, and uploads that were begun and abandoned. The earlier of two clocks decides. */
  async #tidy(temporary: readonly DataEntry[], now: Date): Promise<void> {
    const atMs = this.#monotonicMs();
    if (atMs < this.#tidiedAtMs + TIDY_EVERY_MS) return;
    this.#tidiedAtMs = atMs;
    const nowMs = Math.min(now.getTime(), (this.#deps.hostMs ?? Date.now)());
    await removeOldReceipts(this.#places, nowMs);
    for (const { name, stats } of temporary) {
      const touchedMs = Number(stats.mtimeMs > stats.ctimeMs ? stats.mtimeMs : stats.ctimeMs);
      if (touchedMs > nowMs - ABANDONED_MS) continue;
      const path = join(this.#places.data, name);
      const latest = await look(path);
      if (latest !== null && isUntouched(latest, stats)) await rm(path, { force: true });
    }
  }
}
