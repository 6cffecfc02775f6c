import { randomBytes } from 'node:crypto';
import { fstatSync, openSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createSlots } from './slots.ts';
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
 * `writing/<process>/<tenantId>/<slot>/<name>` belongs to one open handle, and a later one uses the slot again.
 * Every change of hands is one rename, so that several processes on one spool never share bytes, and a crash
 * leaves each upload in one place. The processes of one spool share one set of process ids.
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
  /** Turns what dead processes were writing into named partials. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

const MAX_LISTED = 10_000;
const PARTIALS = 'partials';
const WRITING = 'writing';
const PRIVATE_MODE = 0o700;
const PRIVATE_FILE_MODE = 0o600;

/** Folders of writers inside this very process, which `recover` must tell from a predecessor with the same pid. */
const writersHere = new Set<string>();

const COMPONENT = /^(?!\.{1,2}$)[^/\\\0]+$/;

/** Names were checked at the protocol's edge; this is the second net, for a bug of ours. */
function component(value: string): string {
  if (!COMPONENT.test(value)) throw new Error('A spool path may only be built from plain components.');
  return value;
}

async function ignoreAbsent<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

const namesIn = async (folder: string): Promise<string[]> => (await ignoreAbsent(readdir(folder))) ?? [];

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
  const writing = join(spoolDir, WRITING, `${process.pid}-${randomBytes(6).toString('hex')}`);
  writersHere.add(writing);
  const slots = createSlots(writing);
  const folderOf = (tenantId: string) => join(spoolDir, PARTIALS, component(tenantId));
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

    recover: () => recoverPartials(spoolDir),

    async close() {
      writersHere.delete(writing);
      await rm(writing, { recursive: true, force: true });
    },
  };
}

function isAlive(processFolder: string, path: string): boolean {
  const pid = Number.parseInt(processFolder, 10);
  if (pid === process.pid) return writersHere.has(path);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** Moves what dead processes left open to the named partials; of one name the newest stays. */
async function recoverPartials(spoolDir: string): Promise<void> {
  const root = join(spoolDir, WRITING);
  for (const processFolder of await namesIn(root)) {
    const folder = join(root, processFolder);
    if (isAlive(processFolder, folder)) continue;
    for (const tenantId of await namesIn(folder)) {
      for (const { path, name } of await leftOpen(join(folder, tenantId))) {
        const target = join(spoolDir, PARTIALS, tenantId);
        await mkdir(target, { recursive: true, mode: PRIVATE_MODE });
        // Absent where another process that starts now recovers the same folder.
        await ignoreAbsent(rename(path, join(target, name)));
      }
    }
    await rm(folder, { recursive: true, force: true });
  }
}

async function leftOpen(tenantFolder: string): Promise<{ path: string; name: string; changedMs: number }[]> {
  const found: { path: string; name: string; changedMs: number }[] = [];
  for (const uuid of await namesIn(tenantFolder)) {
    for (const name of await namesIn(join(tenantFolder, uuid))) {
      const path = join(tenantFolder, uuid, name);
      const at = await ignoreAbsent(stat(path));
      if (at !== null && at.size > 0) found.push({ path, name, changedMs: at.ctimeMs });
    }
  }
  return found.sort((a, b) => a.changedMs - b.changedMs);
}

/**
 * The youngest of three clocks: the host's, the database's, and that of the spool's file system, which stamps changes and
 * may be another host's. By it nothing counts as old that any clock calls young.
 */
export async function readYoungestClock(options: {
  readonly spoolDir: string;
  readonly hostNow: Date;
  readonly databaseNow: Date;
}): Promise<Date> {
  const { spoolDir, hostNow, databaseNow } = options;
  await mkdir(spoolDir, { recursive: true, mode: PRIVATE_MODE });
  await utimes(spoolDir, hostNow, hostNow);
  const { ctimeMs } = await stat(spoolDir);
  return new Date(Math.min(hostNow.getTime(), databaseNow.getTime(), ctimeMs));
}

/**
 * Removes partial uploads that nobody touched for `olderThanMs`, and answers how many. Judged by the change
 * time: the modification time is the client's, and an old recording is not an abandoned upload. Source: case 58.
 */
export async function sweepPartials(options: {
  readonly spoolDir: string;
  readonly olderThanMs: number;
  readonly nowMs: number;
}): Promise<number> {
  await recoverPartials(options.spoolDir);
  const root = join(options.spoolDir, PARTIALS);
  let removed = 0;
  for (const tenantId of await namesIn(root)) {
    for (const name of await namesIn(join(root, tenantId))) {
      const path = join(root, tenantId, name);
      const found = await ignoreAbsent(stat(path));
      if (found === null || options.nowMs - found.ctimeMs < options.olderThanMs) continue;
      await rm(path, { force: true });
      removed += 1;
    }
  }
  return removed;
}
