import { randomUUID } from 'node:crypto';
import type { BlobMarker } from '@callbay/blobs';
import {
  claimInstallationId,
  readInstallationId,
  refersToBytes,
  replaceInstallationId,
  type Sql,
} from '@callbay/postgres';
import { type Config, ConfigError, type Logger, readFileIfThere, replaceFile } from '@callbay/runtime';

/** Where an installation's id stands: in the database, in the home, and at the root of the store of bytes. */
export interface InstallationIds {
  readonly database: string | null;
  readonly home: string | null;
  readonly store: string | null;
}

export type InstallationState =
  /** The database belongs to nobody yet, and neither does the home. */
  | 'unclaimed'
  /** The store holds the bytes of the database's files. */
  | 'same'
  /** The home is the database's, and its store is not in place. */
  | 'unmounted'
  | 'other store'
  | 'other home'
  | 'new database';

/** The store's own id decides, wherever it is mounted: that it is there proves that the bytes are. */
export function judgeInstallation({ database, home, store }: InstallationIds): InstallationState {
  if (database === null) return home === null ? 'unclaimed' : 'new database';
  if (store === database) return 'same';
  if (store !== null) return 'other store';
  return home === database ? 'unmounted' : 'other home';
}

type Place = Pick<Config, 'home' | 'installationFile'>;

/** What a person must do in a state in which nothing may start; null in the others. */
export function refusalOf(
  state: InstallationState,
  { home }: Pick<Config, 'home'>,
  { place }: Pick<BlobMarker, 'place'>,
): string | null {
  const remedy =
    'use the home that this database was started with, or mount the `blobs` folder of that home in this one, or name the bucket of its bytes in CALLBAY_BLOBS';
  switch (state) {
    case 'unclaimed':
    case 'same':
    case 'unmounted':
      return null;
    case 'other store':
      return `${place} holds the bytes of another installation than this database: ${remedy}`;
    case 'other home':
      return `${home} is not the home of this database, and ${place} does not hold its bytes or cannot be reached: ${remedy}`;
    case 'new database':
      return `${home} belongs to another database, and this one is new: connect the other one, restore a backup into this one, or use an empty home`;
    default:
      throw state satisfies never;
  }
}

export async function readInstallationIds(
  sql: Sql,
  place: Place,
  marker: Pick<BlobMarker, 'read'>,
): Promise<InstallationIds> {
  return {
    database: await readInstallationId(sql),
    home: (await readFileIfThere(place.installationFile))?.trim() || null,
    store: await marker.read(),
  };
}

type Log = Pick<Logger, 'error'>;

/** Whether the store has an id now: `id`, or one of its own. */
async function tryToMark(sql: Sql, marker: BlobMarker, log: Log, id?: string): Promise<boolean> {
  const { place } = marker;
  try {
    if (await marker.mark(() => refersToBytes(sql), id)) return true;
    log.error({ place }, 'the store of bytes is empty: is its disk mounted, or its bucket the right one?');
  } catch (err) {
    log.error({ err, place }, 'the store of bytes cannot be used');
  }
  return false;
}

async function claim(sql: Sql, place: Place, marker: BlobMarker, log: Log): Promise<InstallationIds> {
  const ids = await readInstallationIds(sql, place, marker);
  if (judgeInstallation(ids) !== 'unclaimed') return ids;
  // The store first: its id in the database is the proof that the two belong together.
  if (!(await tryToMark(sql, marker, log))) return ids;
  const store = await marker.read();
  if (store === null) return ids;
  return { ...ids, store, database: await claimInstallationId(sql, store) };
}

/**
 * Sees to it that this home keeps the bytes of this database, and claims a new database for it. Two homes on one
 * database would each take the other's bytes for lost. A store that is not mounted yet is only logged: it comes into use
 * as soon as it is there. Throws a ConfigError for a home that is not the database's.
 */
export async function joinInstallation(sql: Sql, place: Place, marker: BlobMarker, log: Log): Promise<void> {
  const ids = await claim(sql, place, marker, log);
  const state = judgeInstallation(ids);
  const refusal = refusalOf(state, place, marker);
  if (refusal !== null) throw new ConfigError([{ variable: 'CALLBAY_HOME', message: refusal }]);
  if (ids.database === null) return;
  if (ids.home !== ids.database) await replaceFile(place.installationFile, `${ids.database}\n`);
  // The home is the database's own, so that a store without an id may have it.
  if (state === 'unmounted') await tryToMark(sql, marker, log, ids.database);
}

/** Makes this home the one of this database, whatever both were before: after a restore the bytes are here. */
export async function bindInstallation(sql: Sql, place: Place, marker: BlobMarker): Promise<void> {
  const id = randomUUID();
  await marker.replace(id);
  await replaceFile(place.installationFile, `${id}\n`);
  await replaceInstallationId(sql, id);
}
