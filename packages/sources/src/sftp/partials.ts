import { randomBytes } from 'node:crypto';
import { fstatSync, openSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createSlots } from './slots.ts';
import {
  claimWriter,
  component,
  namesIn,
  PRIVATE_MODE,
  partialsOf,
  recoverPartials,
  type WriterClaim,
  writerFolder,
} from './spool.ts';
import { errnoOf } from './statuses.ts';

/** A file that one handle writes, alone in its folder, so that two uploads of one name never mix. */
export interface OwnFile {
  readonly tenantId: string;
  readonly name: string;
  readonly path: string;
  readonly fd: number;
  /** When it was taken over; zero for a new one. */
  readonly sizeBytes: number;
}

/** An upload that was not closed politely, or a whole one under a temporary name. */
export interface Partial {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/**
 * Uploads that are not files yet, on this node's spool:
 * `partials/<tenantId>/<name>` is what a later session may continue, rename or remove;
 * `writing/<writer>/<tenantId>/<slot>/<name>` belongs to one open handle, and a later one uses the slot again.
 * Every change of hands is one rename, so that several processes on one spool never share bytes, and a crash
 * leaves each upload in one place. A lock that the kernel keeps tells a process that lives from one that died, also of
 * another container or host.
 */
export interface PartialStore {
  create(tenantId: string, name: string): OwnFile;
  /** Takes the named partial over for writing, or null where there is none. */
  claim(tenantId: string, name: string): OwnFile | null;
  /** Gives a written file back as the named partial, replacing an earlier one. */
  release(own: OwnFile): Promise<void>;
  /** Removes a written file, if it is still there. Nothing may use it or its path afterwards. */
  discard(own: OwnFile): Promise<void>;
  find(tenantId: string, name: string): Promise<Partial | null>;
  /** At most 10,000, by name. */
  list(tenantId: string): Promise<Partial[]>;
  /** Whether there was one. */
  remove(tenantId: string, name: string): Promise<boolean>;
  rename(tenantId: string, from: string, to: string): Promise<void>;
  /** Makes a named partial of what `fill` writes to the path it is given. */
  add(tenantId: string, name: string, fill: (path: string) => Promise<void>): Promise<void>;
  setModifiedAt(tenantId: string, name: string, modifiedAt: Date): Promise<void>;
  /** Takes the lock of this writer and turns what dead writers left into named partials. To be called first. */
  open(): Promise<void>;
  close(): Promise<void>;
}

const MAX_LISTED = 10_000;
const PRIVATE_FILE_MODE = 0o600;

/** On the calling thread, as opening is: a hop to the thread pool costs more, and would wait behind syncs there. */
function describe(path: string, name: string): Partial | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  return { name, path, sizeBytes: found.size, modifiedAt: found.mtime };
}

function unlinkIfThere(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

export function createPartialStore(spoolDir: string): PartialStore {
  const writer = randomBytes(12).toString('hex');
  const writing = writerFolder(spoolDir, writer);
  let claim: WriterClaim | null = null;
  const slots = createSlots(writing);
  const folderOf = (tenantId: string) => partialsOf(spoolDir, component(tenantId));
  const pathOf = (tenantId: string, name: string) => join(folderOf(tenantId), component(name));

  /** What this process writes. Whatever is not in here has given its folder back and must not touch it again. */
  const held = new Set<OwnFile>();

  /** Opens a file on a path that is nobody else's, and gives the folder back where that fails. */
  function hold(
    tenantId: string,
    name: string,
    openAt: (path: string) => number,
    sizeOf: (fd: number) => number,
  ) {
    const folder = slots.take(component(tenantId));
    try {
      const path = join(folder, component(name));
      const fd = openAt(path);
      const own = { tenantId, name, path, fd, sizeBytes: sizeOf(fd) };
      held.add(own);
      return own;
    } catch (error) {
      slots.give(tenantId, folder);
      throw error;
    }
  }

  function letGo(own: OwnFile): void {
    held.delete(own);
    slots.give(own.tenantId, dirname(own.path));
  }

  /** Takes a partial to `path`; where it cannot be opened it stays what it was. */
  function openMoved(partial: string, path: string): number {
    renameSync(partial, path);
    try {
      return openSync(path, 'r+');
    } catch (error) {
      renameSync(path, partial);
      throw error;
    }
  }

  return {
    create: (tenantId, name) =>
      hold(
        tenantId,
        name,
        (path) => openSync(path, 'wx+', PRIVATE_FILE_MODE),
        () => 0,
      ),

    claim(tenantId, name) {
      const partial = pathOf(tenantId, name);
      if (statSync(partial, { throwIfNoEntry: false }) === undefined) return null;
      try {
        return hold(
          tenantId,
          name,
          (path) => openMoved(partial, path),
          (fd) => fstatSync(fd).size,
        );
      } catch (error) {
        // Another process took it between the two.
        if (errnoOf(error) === 'ENOENT') return null;
        throw error;
      }
    },

    async release(own) {
      if (!held.has(own)) return;
      await mkdir(folderOf(own.tenantId), { recursive: true, mode: PRIVATE_MODE });
      await rename(own.path, pathOf(own.tenantId, own.name));
      letGo(own);
    },

    async discard(own) {
      if (!held.has(own)) return;
      unlinkIfThere(own.path);
      letGo(own);
    },

    find: async (tenantId, name) => describe(pathOf(tenantId, name), name),

    async list(tenantId) {
      const folder = folderOf(tenantId);
      const names = (await namesIn(folder)).sort().slice(0, MAX_LISTED);
      return names.flatMap((name) => describe(join(folder, name), name) ?? []);
    },

    remove: async (tenantId, name) => unlinkIfThere(pathOf(tenantId, name)),

    async add(tenantId, name, fill) {
      const folder = slots.take(component(tenantId));
      const path = join(folder, component(name));
      try {
        await fill(path);
        await mkdir(folderOf(tenantId), { recursive: true, mode: PRIVATE_MODE });
        await rename(path, pathOf(tenantId, name));
      } finally {
        unlinkIfThere(path);
        slots.give(tenantId, folder);
      }
    },

    rename: (tenantId, from, to) => rename(pathOf(tenantId, from), pathOf(tenantId, to)),

    async setModifiedAt(tenantId, name, modifiedAt) {
      await utimes(pathOf(tenantId, name), modifiedAt, modifiedAt);
    },

    async open() {
      claim = claimWriter(spoolDir, writer);
      await recoverPartials(spoolDir);
    },

    async close() {
      await rm(writing, { recursive: true, force: true });
      claim?.release();
      claim = null;
    },
  };
}
