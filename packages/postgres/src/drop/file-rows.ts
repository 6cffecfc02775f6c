import type { FileView } from '@callbay/contracts';
import { type Issue, purgeAtOf } from '@callbay/core';

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
}

/** What the call of the file's call key adds to its view: null where the file has no call yet. */
export interface FileCall {
  readonly callId: number | bigint | null;
  readonly updatesUntil: Date | null;
}

/** Select list of a `FileRow` and its `FileCall`, of `files f LEFT JOIN calls c`. */
export const FILE_ROW_COLUMNS = `f.id, f.drop, f.name, f.kind, f.size_bytes AS "sizeBytes", f.sha256,
  f.received_at AS "receivedAt", f.seen_at AS "seenAt", f.state, f.outcome_code AS "outcomeCode", f.outcome_message AS "outcomeMessage",
  f.outcome_fix AS "outcomeFix", f.outcome_at AS "outcomeAt", f.warnings, f.call_key AS "callKey", f.folder,
  f.shown_name AS "shownName", f.purged_at AS "purgedAt", c.call_id AS "callId", c.updates_until AS "updatesUntil"`;

/** The join that `FILE_ROW_COLUMNS` selects from. */
export const FILE_ROW_TABLES =
  'files f LEFT JOIN calls c ON c.tenant_id = f.tenant_id AND c.call_key = f.call_key';

const FOLDER_PATHS: Readonly<Record<string, string>> = {
  data: '/data',
  processed: '/data/processed',
  rejected: '/data/rejected',
};

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
    state: row.state as FileView['state'],
    outcome: outcomeOfRow(row),
    warnings: row.warnings as Issue[],
    location: isExternal ? null : `${FOLDER_PATHS[row.folder] ?? '/data'}/${row.shownName}`,
    callKey: row.callKey,
    callId: call === null || call.callId === null ? null : Number(call.callId),
    updatesAcceptedUntil: isoOrNull(call?.updatesUntil ?? null),
    purgeAt: isExternal ? null : purgeAtOfRow(row).toISOString(),
    purgedAt: isoOrNull(row.purgedAt),
  };
}
