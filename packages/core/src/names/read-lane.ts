/**
 * How a received file is read: small files of a tenant in groups, and each file that may take long by itself, so that it
 * keeps no small one waiting.
 */
export type ReadLane = 'group' | 'alone';

export const READ_LANES: readonly ReadLane[] = ['group', 'alone'];

/** Larger files take longer to hash than a small file should wait. */
export const GROUP_FILE_BYTES = 16 * 1024 * 1024;

/** Archives are unpacked, and their triggers and lists are told apart by what came before them. */
const BUNDLE_EXTENSIONS: ReadonlySet<string> = new Set(['zip', 'done', 'end']);

/** A CSV may hold a million rows whatever it is called, so that it never shares a group. `ext` in lower case. */
export const laneOf = ({ ext, sizeBytes }: { readonly ext: string; readonly sizeBytes: number }): ReadLane =>
  ext === 'csv' || BUNDLE_EXTENSIONS.has(ext) || sizeBytes > GROUP_FILE_BYTES ? 'alone' : 'group';

/** A file of a megabyte has some thousand rows: reading and storing them takes a second or two. */
const SHORT_READ_BYTES = 1024 * 1024;

/** Whether a file that is read alone will be read soon. One that failed before may take all the time that it is given. */
export const isShortRead = ({
  sizeBytes,
  failures,
  rereads,
}: {
  readonly sizeBytes: number;
  readonly failures: number;
  readonly rereads: number;
}): boolean => sizeBytes <= SHORT_READ_BYTES && failures === 0 && rereads === 0;
