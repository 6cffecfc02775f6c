import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DropView, FileMove, FolderStore } from '@callbay/ingestion';
import { type EntryStats, hasSameContent, isFileOfRow, look, modifiedAtOf } from './entry-stats.ts';
import type { FolderPlaces } from './places.ts';

interface Resting {
  readonly fileId: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** Null until this process has seen it, when size and time of its row are all that tells it. */
  readonly stats: EntryStats | null;
  readonly isOfDrop: boolean;
}

const PAGE = 5_000;

/**
 * The received files that rest in `data` until they have an outcome, by name: the newest of each. A scan tells by it what is
 * received already, and what its owner has removed.
 */
export class RestingFiles {
  readonly #deps: { readonly store: FolderStore; readonly view: Pick<DropView, 'withdrawFile'> };
  readonly #places: FolderPlaces;
  readonly #tenantId: string;
  #files = new Map<string, Resting>();
  #isLoaded = false;

  constructor(
    deps: { readonly store: FolderStore; readonly view: Pick<DropView, 'withdrawFile'> },
    places: FolderPlaces,
    tenantId: string,
  ) {
    this.#deps = deps;
    this.#places = places;
    this.#tenantId = tenantId;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  async load(): Promise<void> {
    this.#isLoaded = false;
    const files = new Map<string, Resting>();
    let afterSeq = 0;
    for (;;) {
      const page = await this.#deps.store.listResting(this.#tenantId, { afterSeq, limit: PAGE });
      for (const { name, seq, ...file } of page) {
        files.set(name, { ...file, stats: null });
        afterSeq = seq;
      }
      if (page.length < PAGE) break;
    }
    this.#files = files;
    this.#isLoaded = true;
  }

  names(): ReadonlyMap<string, string> {
    return new Map(Array.from(this.#files, ([name, { fileId }]) => [name, fileId]));
  }

  add(fileId: string, name: string, stats: EntryStats): void {
    const file = { fileId, sizeBytes: Number(stats.size), modifiedAt: modifiedAtOf(stats) };
    this.#files.set(name, { ...file, stats, isOfDrop: true });
  }

  remove(fileId: string, name: string): void {
    if (this.#files.get(name)?.fileId === fileId) this.#files.delete(name);
  }

  moved({ fileId, sizeBytes, modifiedAt, from, to }: FileMove): void {
    if (from.folder === 'data') this.remove(fileId, from.name);
    if (to.folder !== 'data') return;
    this.#files.set(to.name, { fileId, sizeBytes, modifiedAt, stats: null, isOfDrop: true });
  }

  /** Whether a file of this name is the one that was received under it. */
  isResting(name: string, stats: EntryStats): boolean {
    const file = this.#files.get(name);
    if (file === undefined) return false;
    if (file.stats !== null) return hasSameContent(file.stats, stats);
    if (!isFileOfRow(stats, file)) return false;
    this.#files.set(name, { ...file, stats });
    return true;
  }

  /** Withdraws files that were here before a listing and are no longer. What a call is about to take in stays for now. */
  async withdrawMissing(before: ReadonlyMap<string, string>, listed: ReadonlySet<string>): Promise<void> {
    for (const [name, fileId] of before) {
      if (listed.has(name)) continue;
      const file = this.#files.get(name);
      if (file?.fileId !== fileId || !file.isOfDrop || (await this.#isAnywhere(name, fileId))) continue;
      const isWithdrawn = await this.#deps.view.withdrawFile(this.#tenantId, fileId);
      if (isWithdrawn || !(await this.#deps.store.isOpen(this.#tenantId, fileId))) this.remove(fileId, name);
    }
  }

  /** In `data`, or on its way back there in the hands of a scanner that has lost its lock. */
  async #isAnywhere(name: string, fileId: string): Promise<boolean> {
    const path = join(this.#places.data, name);
    if ((await look(path)) !== null) return true;
    for (const scanner of await readdir(this.#places.claims))
      if ((await look(join(this.#places.claims, scanner, fileId))) !== null) return true;
    return (await look(path)) !== null;
  }
}
