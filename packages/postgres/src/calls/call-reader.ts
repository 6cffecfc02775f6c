import { type Call, type CallMedia, type Revision, toPage } from '@callbay/contracts';
import type { Actor, CallMediaLocation, CallReader } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { withCrm } from '../crm/crm-reader.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { readPrisma } from '../database/read-prisma.ts';
import { planPage, positionOf, searchCalls } from './call-search.ts';
import { listHolds } from './hold-reader.ts';
import { takeCounter } from './save-calls.ts';

interface Row {
  readonly callId: number;
  readonly callKey: string;
  readonly revision: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly direction: string | null;
  readonly user: string | null;
  readonly durationSeconds: number | null;
  readonly fields: Call['fields'];
  readonly raw: Call['raw'];
  readonly mappingVersion: number | null;
  readonly warnings: Call['warnings'];
  readonly evaluated: boolean;
  readonly legalHold: boolean;
  readonly media: CallMedia | null;
  readonly surfacedAt: Date;
  readonly updatedAt: Date | null;
  readonly changeSeq: number;
  readonly updatesUntil: Date | null;
  readonly externalRecording: Call['externalRecording'];
}

const COLUMNS = `call_id AS "callId", call_key AS "callKey", revision, started_at AS "startedAt",
  ended_at AS "endedAt", direction, user_id AS user, duration_seconds AS "durationSeconds", fields, raw,
  mapping_version AS "mappingVersion", warnings, evaluated, legal_hold AS "legalHold", media,
  (SELECT jsonb_build_object('source', e.source, 'id', e.external_id) FROM external_recordings e
    WHERE e.tenant_id = calls.tenant_id AND e.file_id = calls.recording_file_id) AS "externalRecording",
  surfaced_at AS "surfacedAt", updated_at AS "updatedAt", change_seq AS "changeSeq", updates_until AS "updatesUntil"`;

const ONE = `tenant_id = $1 AND call_id = $2 AND status = 'surfaced'`;

export function createCallReader(db: Database): CallReader {
  const findKey = async (tenantId: string, callId: number): Promise<string | null> => {
    const [row] = await db.query<{ callKey: string }>(
      `SELECT call_key AS "callKey" FROM calls WHERE ${ONE}`,
      [tenantId, callId],
    );
    return row?.callKey ?? null;
  };

  return {
    async listCalls(tenantId, search) {
      const { text, values } = await planPage(db, searchCalls(tenantId, search), COLUMNS, search.limit + 1);
      const rows = await db.query<Row>(text, values);
      const calls = new Map((await withCrm(db, tenantId, rows)).map((call) => [call.callId, call.crm]));
      const toView = (row: Row): Call => toCall(row, calls.get(row.callId) ?? {});
      return toPage(rows, search.limit, toView, (row) => positionOf(search.key, row));
    },

    async findCall(tenantId, callId) {
      const [row] = await db.query<Row>(`SELECT ${COLUMNS} FROM calls WHERE ${ONE}`, [tenantId, callId]);
      const [call] = await withCrm(db, tenantId, row === undefined ? [] : [row]);
      return call === undefined ? null : toCall(call, call.crm);
    },

    updateCall: (tenantId, callId, change, by) =>
      transact(db, (tx) => updateCall(tx, tenantId, callId, change, by)),

    async listHistory(tenantId, callId, { limit, cursor }) {
      const callKey = await findKey(tenantId, callId);
      if (callKey === null) return null;
      const rows = await readPrisma(db, (prisma) =>
        prisma.callRevision.findMany({
          where: { tenantId, callKey, ...(cursor === undefined ? {} : { revision: { gt: cursor } }) },
          orderBy: { revision: 'asc' },
          take: limit + 1,
        }),
      );
      return toPage(
        rows,
        limit,
        ({ revision, at, fileId, changed }): Revision => ({
          revision,
          fileId,
          at: at.toISOString(),
          changed: changed as Revision['changed'],
        }),
        (row) => row.revision,
      );
    },

    async findMedia(tenantId, callId) {
      const [row] = await db.query<{ blobKey: string | null; media: CallMedia | null }>(
        `SELECT media_blob_key AS "blobKey", media FROM calls WHERE ${ONE}`,
        [tenantId, callId],
      );
      if (row === undefined || row.blobKey === null || row.media === null) return null;
      const { name, contentType, sha256 } = row.media;
      return { blobKey: row.blobKey, name, contentType, sha256 } satisfies CallMediaLocation;
    },

    listHolds: (tenantId, query) => listHolds(db, tenantId, query),
  };
}

/**
 * Sets a call's flags. They do not make a revision, since the content of the call is the same; a flag that changed moves changeSeq,
 * so that who reads by it learns of it.
 */
async function updateCall(
  tx: Sql,
  tenantId: string,
  callId: number,
  { evaluated, legalHold }: { evaluated?: boolean | undefined; legalHold?: boolean | undefined },
  by: Actor,
): Promise<Call | null> {
  const [row] = await tx.query<Row>(`SELECT ${COLUMNS} FROM calls WHERE ${ONE} FOR UPDATE`, [
    tenantId,
    callId,
  ]);
  if (row === undefined) return null;
  const flags = { evaluated: evaluated ?? row.evaluated, legalHold: legalHold ?? row.legalHold };
  const detail = { evaluated, legalHold };
  await audit(tx, by, { tenantId, action: 'call.update', target: String(callId), detail });
  const [call] = await withCrm(tx, tenantId, [row]);
  const crm = call?.crm ?? {};
  if (flags.evaluated === row.evaluated && flags.legalHold === row.legalHold) return toCall(row, crm);
  const last = await takeCounter(tx, tenantId, 'change', 1);
  const [changed] = await tx.query<Row>(
    `UPDATE calls SET evaluated = $3, legal_hold = $4, change_seq = $5, updated_at = callbay_now()
      WHERE ${ONE} RETURNING ${COLUMNS}`,
    [tenantId, callId, flags.evaluated, flags.legalHold, last + 1],
  );
  return toCall(changed ?? row, crm);
}

function toCall(
  { startedAt, endedAt, surfacedAt, updatedAt, updatesUntil, ...row }: Row,
  crm: Call['crm'],
): Call {
  return {
    ...row,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    crm,
    surfacedAt: surfacedAt.toISOString(),
    updatedAt: (updatedAt ?? surfacedAt).toISOString(),
    updatesAcceptedUntil: updatesUntil?.toISOString() ?? null,
  };
}
