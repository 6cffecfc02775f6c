import type { Attributes, FileEntry } from 'ssh2';

/** What the view knows of a place, before it becomes SFTP attributes. */
export interface Stat {
  readonly isFolder: boolean;
  readonly isReadOnly: boolean;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** Attributes as a client sent them: any may be absent. */
export type SentAttributes = Partial<Attributes>;

const FOLDER_MODE = 0o040_000;
const FILE_MODE = 0o100_000;

/** Seconds since 1970 in the 32 unsigned bits that SFTP version 3 has. */
const toSeconds = (at: Date): number => Math.min(Math.max(Math.floor(at.getTime() / 1000), 0), 2 ** 32 - 1);

/** Owner and group are the same made-up numbers for everybody: ownership means nothing here. */
export function attributesOf(stat: Stat): Attributes {
  const permissions = stat.isFolder ? (stat.isReadOnly ? 0o555 : 0o755) : stat.isReadOnly ? 0o444 : 0o644;
  const seconds = toSeconds(stat.modifiedAt);
  return {
    mode: (stat.isFolder ? FOLDER_MODE : FILE_MODE) | permissions,
    uid: 1000,
    gid: 1000,
    size: stat.sizeBytes,
    atime: seconds,
    mtime: seconds,
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const HALF_A_YEAR_MS = 182 * 86_400_000;

/** The time column of `ls -l`, in UTC: the time of day for recent files, the year for others. */
function listedTime(at: Date, now: Date): string {
  const day = String(at.getUTCDate()).padStart(2);
  const isRecent = Math.abs(now.getTime() - at.getTime()) < HALF_A_YEAR_MS;
  const last = isRecent ? at.toISOString().slice(11, 16) : String(at.getUTCFullYear()).padStart(5);
  return `${MONTHS[at.getUTCMonth()]} ${day} ${last}`;
}

/** One entry of a listing, with the `ls -l` line that some clients show as it is. */
export function listingEntry(name: string, stat: Stat, now: Date): FileEntry {
  const attrs = attributesOf(stat);
  const bits = [...'rwxrwxrwx'].map((bit, index) => ((attrs.mode >> (8 - index)) & 1 ? bit : '-')).join('');
  const columns = [
    `${stat.isFolder ? 'd' : '-'}${bits}`,
    '1',
    'callbay '.padEnd(8),
    'callbay '.padEnd(8),
    String(stat.sizeBytes).padStart(12),
    listedTime(stat.modifiedAt, now),
    name,
  ];
  return { filename: name, longname: columns.join(' '), attrs };
}

/** The modification time a client sent, or null. */
export const sentTime = (attrs: SentAttributes): Date | null =>
  attrs.mtime === undefined ? null : new Date(attrs.mtime * 1000);
