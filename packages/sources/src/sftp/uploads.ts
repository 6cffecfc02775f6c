import { closeSync, constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { isTemporaryName } from '@callbay/core';
import type { DropView } from '@callbay/ingestion';
import type { OwnFile } from './partials.ts';
import { absent, errnoOf, failed, noRoom, overQuota } from './statuses.ts';
import { Upload, type UploadDeps } from './upload.ts';

/** The flag bits of OPEN, read as they come: some combinations have no name in ssh2. */
export const OPEN_FLAG = { READ: 1, WRITE: 2, APPEND: 4, CREAT: 8, TRUNC: 16, EXCL: 32 } as const;

export interface OpenForWriting {
  readonly tenantId: string;
  readonly sentBy: string;
  readonly name: string;
  readonly flags: number;
  /** Patterns of names under which CLOSE stores the bytes and receives nothing; null: the usual ones. */
  readonly temporaryNames: readonly string[] | null;
}

/** All uploads under way in this process. */
export interface Uploads {
  open(request: OpenForWriting): Promise<Upload>;
  /** CLOSE. Uploads of one name end one after the other, in the order of their CLOSEs. Source: case 108. */
  finish(upload: Upload): Promise<void>;
  abandon(upload: Upload): Promise<void>;
  /** The upload of this name that was opened last and is not closed yet. */
  findLive(tenantId: string, name: string): Upload | null;
  listLive(tenantId: string): Upload[];
  /** Runs `task` when no CLOSE or RENAME of the name is under way, and holds later ones back. */
  inTurn<T>(tenantId: string, name: string, task: () => Promise<T>): Promise<T>;
}

const keyOf = (tenantId: string, name: string): string => `${tenantId}/${name}`;

export function createUploads(deps: UploadDeps & { readonly view: DropView }): Uploads {
  const live = new Map<string, Set<Upload>>();
  const turns = new Map<string, Promise<unknown>>();

  function remember(upload: Upload): Upload {
    const key = keyOf(upload.own.tenantId, upload.own.name);
    const sameName = live.get(key) ?? new Set();
    live.set(key, sameName.add(upload));
    return upload;
  }

  function forget(upload: Upload): void {
    const key = keyOf(upload.own.tenantId, upload.own.name);
    const sameName = live.get(key);
    sameName?.delete(upload);
    if (sameName?.size === 0) live.delete(key);
  }

  async function inTurn<T>(tenantId: string, name: string, task: () => Promise<T>): Promise<T> {
    const key = keyOf(tenantId, name);
    const before = turns.get(key) ?? Promise.resolve();
    const mine = before.then(task, task);
    turns.set(key, mine);
    try {
      return await mine;
    } finally {
      if (turns.get(key) === mine) turns.delete(key);
    }
  }

  const listLive = (tenantId: string): Upload[] =>
    [...live.values()]
      .flatMap((uploads) => [...uploads])
      .filter((upload) => upload.own.tenantId === tenantId);

  const findLive = (tenantId: string, name: string): Upload | null =>
    [...(live.get(keyOf(tenantId, name)) ?? [])].at(-1) ?? null;

  const start = (request: OpenForWriting, own: OwnFile, sizeBytes: number, isChanged: boolean): Upload =>
    remember(
      new Upload(deps, {
        own,
        sentBy: request.sentBy,
        sizeBytes,
        isTemporary: isTemporaryName(request.name, request.temporaryNames),
        isChanged,
        isAppending: (request.flags & OPEN_FLAG.APPEND) !== 0,
      }),
    );

  /** Bytes that this upload may add: without a quota, without end. */
  async function askRoom({ tenantId, name }: OpenForWriting): Promise<number> {
    if (await deps.room.isFull()) {
      deps.metrics.uploadFailed();
      throw noRoom();
    }
    const left = await readRoom(tenantId);
    if (left === null) return Number.POSITIVE_INFINITY;
    // What is on the spool is not a file yet, and takes room all the same.
    const partials = await deps.partials.list(tenantId);
    const spooled = [...partials, ...listLive(tenantId)].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const continued = partials.find((partial) => partial.name === name)?.sizeBytes ?? 0;
    if (left - spooled + continued <= 0) {
      deps.metrics.uploadFailed();
      throw overQuota();
    }
    return Math.max(0, left - spooled);
  }

  /** A database that is unavailable keeps nobody from beginning: CLOSE judges by the quota again. */
  async function readRoom(tenantId: string): Promise<number | null> {
    try {
      return await deps.receiver.readRoom(tenantId);
    } catch (error) {
      deps.log.debug({ err: error, tenantId }, 'quota not read; the end of the upload will be judged by it');
      return null;
    }
  }

  async function startEmpty(request: OpenForWriting): Promise<Upload> {
    const own = deps.partials.create(request.tenantId, request.name);
    await deps.partials.remove(request.tenantId, request.name);
    for (const earlier of live.get(keyOf(request.tenantId, request.name)) ?? []) earlier.markOvertaken();
    return start(request, own, 0, true);
  }

  /** Starts from a copy that `fill` makes, so that the original stays whole whatever becomes of this upload. */
  async function startFromCopy(
    request: OpenForWriting,
    sizeBytes: number,
    fill: (path: string) => Promise<void>,
  ) {
    const own = deps.partials.create(request.tenantId, request.name);
    try {
      await fill(own.path);
    } catch (error) {
      closeSync(own.fd);
      await deps.partials.discard(own);
      throw error;
    }
    return start(request, own, sizeBytes, false);
  }

  /** Opens with the bytes that the name has already. Source: cases 89 and 107. */
  async function continueOrCreate(request: OpenForWriting): Promise<Upload> {
    const { tenantId, name, flags } = request;
    const isTruncating = (flags & OPEN_FLAG.TRUNC) !== 0;
    const mayCreate = (flags & OPEN_FLAG.CREAT) !== 0;
    const isExclusive = mayCreate && (flags & OPEN_FLAG.EXCL) !== 0;

    const other = findLive(tenantId, name);
    const claimed =
      other === null && !isExclusive && !isTruncating ? deps.partials.claim(tenantId, name) : null;
    if (claimed !== null) {
      // The bytes of a broken upload: a client that opens them for writing and closes says they are whole now.
      return start(request, claimed, claimed.sizeBytes, true);
    }
    const partial = other === null ? await deps.partials.find(tenantId, name) : null;
    const stored =
      other === null && partial === null ? await deps.view.findFile(tenantId, 'data', name) : null;
    const exists = other !== null || partial !== null || stored !== null;
    if (isExclusive && exists) throw failed('A file of this name is there already.');
    if (!exists && !mayCreate) throw absent();
    if (isTruncating || !exists) return startEmpty(request);
    if (other !== null) {
      try {
        return await startFromCopy(request, other.sizeBytes, (path) =>
          other.withBytes((from) => copyFile(from, path)),
        );
      } catch (error) {
        // Its connection broke just now and its bytes became the named partial: that is to be continued.
        if (errnoOf(error) !== 'ENOENT') throw error;
        return continueOrCreate(request);
      }
    }
    if (stored === null) return continueOrCreate(request);
    return startFromCopy(request, stored.sizeBytes, async (path) => {
      await using bytes = await deps.blobs.openLocal(tenantId, stored.blobKey);
      await copyFile(bytes.path, path, constants.COPYFILE_FICLONE);
    });
  }

  return {
    open(request) {
      const wanted = OPEN_FLAG.CREAT | OPEN_FLAG.TRUNC;
      const isPlainPut = (request.flags & (wanted | OPEN_FLAG.EXCL)) === wanted;
      // A put waits too: an older upload that is being given up just now would else become the partial behind its back.
      return inTurn(request.tenantId, request.name, async () => {
        const roomBytes = await askRoom(request);
        const upload = await (isPlainPut ? startEmpty(request) : continueOrCreate(request));
        upload.limitTo(upload.sizeBytes + roomBytes);
        return upload;
      });
    },

    finish: (upload) =>
      inTurn(upload.own.tenantId, upload.own.name, () => upload.finish()).finally(() => forget(upload)),

    abandon: (upload) =>
      inTurn(upload.own.tenantId, upload.own.name, () => upload.abandon()).finally(() => forget(upload)),

    findLive,
    listLive,
    inTurn,
  };
}
