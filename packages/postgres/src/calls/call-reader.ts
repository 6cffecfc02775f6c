import { type CallMedia, JsonText, PAGE_BYTES, pageOf, type RowsOfPage } from '@callbay/contracts';
import type { Actor, CallMediaLocation, CallReader, CallRow, RevisionRow } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { crmOfCalls } from '../crm/call-crm.ts';
import { takeCounter } from '../database/counters.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { queryPage, type Sized } from '../database/page.ts';
import {
  HEAVY_COLUMNS,
  LIGHT_COLUMNS,
  REFERENCES,
  type ReadCall,
  toCallRow,
  WHOLE_CALL,
} from './call-rows.ts';
import { planSearch, positionOf, searchCalls } from './call-search.ts';
import { listHolds } from './hold-reader.ts';

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
      const page = await queryPage<ReadCall>(db, {
        light: LIGHT_COLUMNS,
        heavy: HEAVY_COLUMNS,
        derived: { references: REFERENCES },
        limit: search.limit,
        omitsLarge: true,
        statement: await planSearch(db, searchCalls(tenantId, search)),
      });
      const withCrm = await addCrm(db, tenantId, page);
      return pageOf(
        withCrm,
        ({ row, crm }) => toCallRow(row, crm),
        ({ row }) => positionOf(search.key, row),
      );
    },

    async findCall(tenantId, callId) {
      const [row] = await db.query<ReadCall>(`SELECT ${WHOLE_CALL} FROM calls WHERE ${ONE}`, [
        tenantId,
        callId,
      ]);
      return row === undefined ? null : wholeCall(db, tenantId, row);
    },

    updateCall: (tenantId, callId, change, by) =>
      transact(db, (tx) => updateCall(tx, tenantId, callId, change, by)),

    async listHistory(tenantId, callId, { limit, cursor }) {
      const callKey = await findKey(tenantId, callId);
      if (callKey === null) return null;
      type Row = Pick<RevisionRow, 'revision' | 'fileId'> & { at: Date; changed: string | null } & Sized;
      const page = await queryPage<Row>(db, {
        light: { revision: 'revision', at: 'at', fileId: 'file_id' },
        heavy: { changed: 'changed' },
        limit,
        omitsLarge: limit > 1,
        statement: (select, rows) => ({
          text: `SELECT ${select} FROM call_revisions WHERE tenant_id = $1 AND call_key = $2 AND revision > $3
                  ORDER BY revision LIMIT ${rows}`,
          values: [tenantId, callKey, cursor ?? 0],
        }),
      });
      return pageOf(
        page,
        ({ at, changed, ...row }) => ({
          ...row,
          at: at.toISOString(),
          changed: changed === null ? null : new JsonText(changed),
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

type WithCrm = { readonly row: ReadCall; readonly crm: CallRow['crm'] };

/** So many calls have their objects read at once, which bounds what is read beyond the end of the page. */
const CRM_SLICE = 50;

/** The calls with their objects. The page ends sooner where these fill it. */
async function addCrm(
  sql: Sql,
  tenantId: string,
  { rows, hasMore }: RowsOfPage<ReadCall>,
): Promise<RowsOfPage<WithCrm>> {
  const shown: WithCrm[] = [];
  let bytes = 0;
  for (let from = 0; from < rows.length; from += CRM_SLICE) {
    const slice = rows.slice(from, from + CRM_SLICE);
    const found = await crmOfCalls(sql, tenantId, slice, { omitsLarge: true });
    for (const [index, row] of slice.entries()) {
      const crm = found[index] ?? {};
      bytes += row.fields === null ? 0 : row.bytes;
      bytes += Object.values(crm).reduce((sum, object) => sum + byteLengthOf(object.fields), 0);
      if (shown.length > 0 && bytes > PAGE_BYTES) return { rows: shown, hasMore: true };
      shown.push({ row, crm });
    }
  }
  return { rows: shown, hasMore };
}

const byteLengthOf = (value: JsonText | null): number => (value === null ? 0 : Buffer.byteLength(value.text));

async function wholeCall(sql: Sql, tenantId: string, row: ReadCall): Promise<CallRow> {
  const [crm = {}] = await crmOfCalls(sql, tenantId, [row], { omitsLarge: false });
  return toCallRow(row, crm);
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
): Promise<CallRow | null> {
  const [row] = await tx.query<ReadCall>(`SELECT ${WHOLE_CALL} FROM calls WHERE ${ONE} FOR UPDATE`, [
    tenantId,
    callId,
  ]);
  if (row === undefined) return null;
  const flags = { evaluated: evaluated ?? row.evaluated, legalHold: legalHold ?? row.legalHold };
  const detail = { evaluated, legalHold };
  await audit(tx, by, { tenantId, action: 'call.update', target: String(callId), detail });
  const call = await wholeCall(tx, tenantId, row);
  if (flags.evaluated === row.evaluated && flags.legalHold === row.legalHold) return call;
  const changeSeq = (await takeCounter(tx, tenantId, 'change', 1)) + 1;
  const [changed] = await tx.query<{ updatedAt: Date }>(
    `UPDATE calls SET evaluated = $3, legal_hold = $4, change_seq = $5, updated_at = callbay_now()
      WHERE ${ONE} RETURNING updated_at AS "updatedAt"`,
    [tenantId, callId, flags.evaluated, flags.legalHold, changeSeq],
  );
  return { ...call, ...flags, changeSeq, updatedAt: changed?.updatedAt.toISOString() ?? call.updatedAt };
}
