import {
  CallbayError,
  canonicalStem,
  fileRejected,
  isOutcomeCode,
  issue,
  kindOfName,
  laneOf,
  outcomeOf,
  stripSourcePrefix,
} from '@callbay/core';
import type { FileReceiver, FileToReceive, FileToRefuse, ReceivedFile } from '@callbay/ingestion';
import { keyOfStem } from '../calls/facts-of-rows.ts';
import { freeNameFor } from '../calls/save-verdicts.ts';
import { type Database, transact } from '../database/database.ts';
import { publishEvents } from '../events/publish-events.ts';
import { RECEIVE_FILES, RECORD_REFUSAL } from './receive-queries.ts';
import { SourcePrefixes } from './source-prefixes.ts';
import { createRoomReader, isBeyondQuota } from './stored-bytes.ts';

/** Keeps one statement short, so that no upload waits long for those before it. */
const MAX_AT_ONCE = 200;

interface Waiter {
  readonly file: FileToReceive;
  readonly resolve: (received: ReceivedFile) => void;
  readonly reject: (error: unknown) => void;
}

export const unknownTenant = (tenantId: string): CallbayError =>
  new CallbayError('NOT_FOUND', `There is no tenant ${tenantId}.`);

interface Door {
  readonly db: Database;
  readonly prefixes: SourcePrefixes;
}

/** More changes of the settings than these, one in each attempt, and the sender has to try again. */
const ATTEMPTS = 3;

/** Answers for all files, or for fewer where the tenant does not exist or its settings kept changing. */
async function receiveFiles(
  { db, prefixes }: Door,
  tenantId: string,
  files: readonly FileToReceive[],
): Promise<Map<string, ReceivedFile>> {
  let answers = new Map<string, ReceivedFile>();
  for (let attempt = 1; attempt <= ATTEMPTS && answers.size < files.length; attempt += 1) {
    if (attempt > 1) prefixes.forget(tenantId);
    const known = await prefixes.read(tenantId);
    if (known === null) break;
    const rows = await db.query<ReceivedFile>(
      RECEIVE_FILES,
      [tenantId, ...columnsOf(files, known), JSON.stringify(known)],
      'receive_files',
    );
    answers = new Map(rows.map((row) => [row.fileId, row]));
  }
  return answers;
}

function columnsOf(files: readonly FileToReceive[], sourcePrefixes: readonly string[]): unknown[][] {
  const names = files.map(({ name }) => canonicalStem(name));
  return [
    files.map(({ fileId }) => fileId),
    files.map(({ drop }) => drop),
    files.map(({ name }) => name),
    names.map(({ stem }) => stripSourcePrefix(stem, sourcePrefixes)),
    names.map(({ ext }) => ext),
    files.map(({ sizeBytes }) => sizeBytes),
    files.map(({ modifiedAt }) => modifiedAt),
    files.map(({ blobKey }) => blobKey),
    files.map(({ sentBy }) => sentBy),
    files.map(({ sizeBytes }, n) => laneOf({ ext: names[n]!.ext, sizeBytes }) === 'alone'),
    files.map(({ receivedAt }) => receivedAt ?? null),
    files.map(({ object }) => object?.bucket ?? null),
    files.map(({ object }) => object?.key ?? null),
    files.map(({ object }) => object?.versionId ?? null),
  ];
}

/** Why a file got no answer. */
async function explain({ db, prefixes }: Door, tenantId: string, file: FileToReceive): Promise<CallbayError> {
  if ((await prefixes.read(tenantId)) === null) return unknownTenant(tenantId);
  if (await isBeyondQuota(db, tenantId, file.sizeBytes)) return new CallbayError('QUOTA_EXCEEDED');
  return new CallbayError('UNAVAILABLE', `The settings of tenant ${tenantId} kept changing.`);
}

async function receiveAlone(door: Door, tenantId: string, { file, resolve, reject }: Waiter): Promise<void> {
  try {
    const received = (await receiveFiles(door, tenantId, [file])).get(file.fileId);
    if (received !== undefined) return resolve(received);
    reject(await explain(door, tenantId, file));
  } catch (error) {
    reject(error);
  }
}

/** Settles every waiter. One that the others may have spoilt, or that got no answer among them, is tried by itself. */
async function receiveTogether(door: Door, tenantId: string, waiters: readonly Waiter[]): Promise<void> {
  let answers = new Map<string, ReceivedFile>();
  if (waiters.length > 1) {
    try {
      answers = await receiveFiles(
        door,
        tenantId,
        waiters.map(({ file }) => file),
      );
    } catch (error) {
      if (error instanceof CallbayError) {
        for (const { reject } of waiters) reject(error);
        return;
      }
    }
  }
  for (const waiter of waiters) {
    const received = answers.get(waiter.file.fileId);
    if (received === undefined) await receiveAlone(door, tenantId, waiter);
    else waiter.resolve(received);
  }
}

/** At most `MAX_AT_ONCE` waiters, each for another file: the same file again is left for the next round. */
function takeRound(queue: Waiter[]): Waiter[] {
  const round = new Map<string, Waiter>();
  const later: Waiter[] = [];
  for (const waiter of queue.splice(0)) {
    if (round.size < MAX_AT_ONCE && !round.has(waiter.file.fileId)) round.set(waiter.file.fileId, waiter);
    else later.push(waiter);
  }
  queue.push(...later);
  return [...round.values()];
}

/**
 * Receives files in the order of the calls. A tenant's sequence lets one commit through at a time, so that files which
 * come while one is on its way go together in the next statement: a tenant with many uploads at once is not held to the
 * pace of single commits, and a lone upload waits for nobody.
 */
function createQueueOfFiles(db: Database): FileReceiver['receiveFile'] {
  const door = { db, prefixes: new SourcePrefixes(db) };
  const queues = new Map<string, Waiter[]>();

  async function work(tenantId: string, queue: Waiter[]): Promise<void> {
    while (queue.length > 0) await receiveTogether(door, tenantId, takeRound(queue));
    queues.delete(tenantId);
  }

  return (tenantId, file) => {
    const { promise, resolve, reject } = Promise.withResolvers<ReceivedFile>();
    const waiter = { file, resolve, reject };
    const queue = queues.get(tenantId);
    if (queue !== undefined) {
      queue.push(waiter);
      return promise;
    }
    const first = [waiter];
    queues.set(tenantId, first);
    void work(tenantId, first);
    return promise;
  };
}

/** A view shows no refused file. Where it really moves, its name must be free among those of its folder. */
const shownNameOf = async (db: Database, tenantId: string, { drop, fileId, name }: FileToRefuse) =>
  drop === 'sftp' ? name : freeNameFor(db, tenantId, 'rejected', { id: fileId, name });

async function recordRefusal(db: Database, tenantId: string, refusal: FileToRefuse): Promise<void> {
  if (!isOutcomeCode(refusal.code)) throw new TypeError(`${refusal.code} is not an outcome`);
  const { stem, ext } = canonicalStem(refusal.name);
  const kind = kindOfName(refusal.name);
  const outcome = { ...outcomeOf(refusal.code), ...(refusal.message ? { message: refusal.message } : {}) };
  const values = [
    tenantId,
    refusal.fileId,
    refusal.name,
    stem,
    ext,
    refusal.sizeBytes,
    refusal.sentBy,
    kind === 'recording' || kind === 'sidecar' ? kind : null,
    outcome.code,
    outcome.message,
    outcome.fix,
    refusal.drop,
    refusal.receivedAt ?? null,
    keyOfStem(stem),
    JSON.stringify([issue(outcome.code, outcome.message)]),
    refusal.modifiedAt ?? null,
    await shownNameOf(db, tenantId, refusal),
    refusal.object?.bucket ?? null,
    refusal.object?.key ?? null,
    refusal.object?.versionId ?? null,
  ];
  await transact(db, async (tx) => {
    const [row] = await tx.query<{ isNew: boolean; isKnown: boolean }>(
      RECORD_REFUSAL,
      values,
      'record_refusal',
    );
    if (row?.isKnown !== true) throw unknownTenant(tenantId);
    if (!row.isNew) return;
    const { fileId, name } = refusal;
    await publishEvents(tx, tenantId, [{ ...fileRejected({ fileId, name, ...outcome }), callId: null }]);
  });
}

/** One per process: it gathers the files that come at once. */
export function createFileReceiver(db: Database): FileReceiver {
  return {
    receiveFile: createQueueOfFiles(db),
    readRoom: createRoomReader(db),
    recordRefusal: (tenantId, refusal) => recordRefusal(db, tenantId, refusal),
  };
}
