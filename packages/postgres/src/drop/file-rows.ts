import type { FileView } from '@callbay/contracts';
import { type Issue, purgeAtOf } from '@callbay/core';
import { selectOf } from '../database/page.ts';

/** The columns a view is made of: a Prisma `File` fits, and so does a row of `FILE_ROW_COLUMNS`. */
export interface FileRow {
  readonly id: string;
  readonly drop: string;
  readonly name: string;
  readonly kind: string | null;
  readonly sizeBytes: number | bigint;
  readonly sha256: string | null;
  readonly receivedAt: Date;
  readonly seenAt: Date | null;
  readonly state: string;
  readonly outcomeCode: string | null;
  readonly outcomeMessage: string | null;
  readonly outcomeFix: string | null;
  readonly outcomeAt: Date | null;
  readonly warnings: unknown;
  readonly callKey: string | null;
  readonly folder: string;
  readonly shownName: string;
  readonly purgedAt: Date | null;
  readonly bucket: string | null;
  readonly objectKey: string | null;
  readonly versionId: string | null;
}

/** What the call of the file's call key adds to its view: null where the file has no call yet. */
export interface FileCall {
  readonly callId: number | bigint | null;
  readonly updatesUntil: Date | null;
}

/** Columns of a `FileRow` and its `FileCall`, of `files f LEFT JOIN calls c`: those of bounded size, and the others. */
export const LIGHT_FILE_COLUMNS = {
  id: 'f.id',
  drop: 'f.drop',
  name: 'f.name',
  kind: 'f.kind',
  sizeBytes: 'f.size_bytes',
  sha256: 'f.sha256',
  receivedAt: 'f.received_at',
  seenAt: 'f.seen_at',
  state: 'f.state',
  outcomeCode: 'f.outcome_code',
  outcomeFix: 'f.outcome_fix',
  outcomeAt: 'f.outcome_at',
  callKey: 'f.call_key',
  folder: 'f.folder',
  shownName: 'f.shown_name',
  purgedAt: 'f.purged_at',
  bucket: 'f.bucket',
  objectKey: 'f.object_key',
  versionId: 'f.version_id',
  callId: 'c.call_id',
  updatesUntil: 'c.updates_until',
} as const;
export const HEAVY_FILE_COLUMNS = { outcomeMessage: 'f.outcome_message', warnings: 'f.warnings' } as const;

/** The select list of all of them. */
export const FILE_ROW_COLUMNS = selectOf({ ...LIGHT_FILE_COLUMNS, ...HEAVY_FILE_COLUMNS });

/** The join that `FILE_ROW_COLUMNS` selects from. */
export const FILE_ROW_TABLES =
  'files f LEFT JOIN calls c ON c.tenant_id = f.tenant_id AND c.call_key = f.call_key';

const VIEW_PATHS: Readonly<Record<string, string>> = {
  data: '/data',
  processed: '/data/processed',
  rejected: '/data/rejected',
};

/** In a drop with real folders, processed and rejected stand beside data. */
const folderPath = ({ drop, folder }: FileRow): string =>
  drop === 'sftp' ? (VIEW_PATHS[folder] ?? '/data') : `/${folder}`;

const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

function outcomeOfRow(row: FileRow): FileView['outcome'] {
  if (row.outcomeCode === null || row.outcomeAt === null) return null;
  return {
    code: row.outcomeCode,
    message: row.outcomeMessage ?? '',
    fix: row.outcomeFix ?? '',
    at: row.outcomeAt.toISOString(),
  };
}

const objectOf = ({ bucket, objectKey, versionId }: FileRow) =>
  bucket === null || objectKey === null || versionId === null ? {} : { bucket, key: objectKey, versionId };

const purgeAtOfRow = ({ receivedAt, seenAt }: FileRow): Date =>
  new Date(purgeAtOf({ receivedAt: receivedAt.getTime(), seenAt: seenAt?.getTime() }));

/** The public view of a file row. The API and the receipts share it, so that both agree. */
export function toFileView(row: FileRow, call: FileCall | null): FileView {
  const isExternal = row.drop === 'external';
  return {
    id: row.id,
    drop: row.drop,
    path: isExternal ? row.name : `/data/${row.name}`,
    name: row.name,
    kind: row.kind as FileView['kind'],
    sizeBytes: Number(row.sizeBytes),
    // Nobody has digested a file that could not be read.
    sha256: row.sha256 || null,
    receivedAt: row.receivedAt.toISOString(),
    seenAt: (row.seenAt ?? row.receivedAt).toISOString(),
    state: row.state as FileView['state'],
    outcome: outcomeOfRow(row),
    warnings: row.warnings as Issue[],
    location: isExternal ? null : `${folderPath(row)}/${row.shownName}`,
    callKey: row.callKey,
    callId: call === null || call.callId === null ? null : Number(call.callId),
    updatesAcceptedUntil: isoOrNull(call?.updatesUntil ?? null),
    purgeAt: isExternal ? null : purgeAtOfRow(row).toISOString(),
    purgedAt: isoOrNull(row.purgedAt),
    ...objectOf(row),
  };
}
