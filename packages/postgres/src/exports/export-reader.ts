import { createHash } from 'node:crypto';
import { buffer as readBytes } from 'node:stream/consumers';
import { DELETED_COLUMN } from '@callbay/core';
import type { ExportedCall, ExportOrder, ExportQuery, ExportReader } from '@callbay/ingestion';
import { to as copyTo } from 'pg-copy-streams';
import { type Database, transactBulk } from '../database/database.ts';
import { csvSelect, jsonCells, jsonObject, quotedColumns } from './export-columns-sql.ts';

/** `score` is what the tenant mapped to it: a number, or last. */
const ORDER_SQL: Readonly<Record<ExportOrder['by'], string>> = {
  callId: 'call_id',
  startedAt: 'started_at',
  changeSeq: 'change_seq',
  score: String.raw`CASE WHEN fields ->> 'score' ~ '^-?\d{1,15}(\.\d{1,15})?$' THEN (fields ->> 'score')::numeric END`,
};
const KEPT = `interval '1 day'`;

export function createExportReader(db: Database): ExportReader {
  return {
    async lastChange(tenantId) {
      const [row] = await db.query<{ value: number }>(
        `SELECT value FROM tenant_counters WHERE tenant_id = $1 AND name = 'change'`,
        [tenantId],
      );
      return row?.value ?? null;
    },

    findPage: (tenantId, query) => findPage(db, tenantId, query),

    readCsv: (tenantId, callIds, columns, also) => readCsv(db, tenantId, callIds, columns, also),

    readJson: (tenantId, callIds, columns) => readJson(db, tenantId, callIds, jsonObject(columns)),

    async readCells(tenantId, callIds, columns) {
      const lines = (await readJson(db, tenantId, callIds, jsonCells(columns))).toString().split('\n');
      return lines.slice(0, -1).map((line) => JSON.parse(line) as (string | null)[]);
    },
  };
}

/** The one order whose position is a number that only grows: pages can begin after it. */
const positionOf = ({ order }: ExportQuery): 'callId' | 'changeSeq' | null => {
  const [first] = order;
  const isOne = order.length === 1 && first !== undefined && !first.isDescending;
  return isOne && (first.by === 'callId' || first.by === 'changeSeq') ? first.by : null;
};

async function findPage(db: Database, tenantId: string, query: ExportQuery): Promise<ExportedCall[]> {
  const position = positionOf(query);
  const walk = position === null ? null : walkOf(query);
  const before =
    walk === null || query.page === 1 ? null : await endOfPage(db, tenantId, walk, query.page - 1);
  const { text, values } = pageSql(tenantId, query, position, before);
  const calls = await db.query<ExportedCall>(text, values);
  const last = calls.at(-1);
  if (position !== null && walk !== null && last !== undefined)
    await keepEnd(db, tenantId, walk, query.page, last[position]);
  return calls;
}

function pageSql(
  tenantId: string,
  query: ExportQuery,
  position: 'callId' | 'changeSeq' | null,
  before: number | null,
): { text: string; values: unknown[] } {
  const values: unknown[] = [tenantId];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const { changedAfter, afterCallId, from, to, agentIds, queueIds, aivrAppIds, perPage } = query;
  const conditions = [`tenant_id = $1`, `status = 'surfaced'`, 'call_id IS NOT NULL'];
  if (afterCallId !== null) conditions.push(`call_id > ${add(afterCallId)}`);
  if (from !== null) conditions.push(`started_at >= ${add(from)}`);
  if (to !== null) conditions.push(`started_at <= ${add(to)}`);
  if (agentIds.length > 0)
    conditions.push(`coalesce(fields ->> 'agent.id', fields ->> 'agentId', user_id) = ANY(${add(agentIds)})`);
  if (queueIds.length > 0)
    conditions.push(`coalesce(fields ->> 'queue.id', fields ->> 'queueId') = ANY(${add(queueIds)})`);
  if (aivrAppIds.length > 0) conditions.push(`fields ->> 'aivrAppId' = ANY(${add(aivrAppIds)})`);
  const isByChange = position === 'changeSeq';
  const sinceChange = Math.max(changedAfter ?? 0, isByChange ? (before ?? 0) : 0);
  if (changedAfter !== null) conditions.push(`change_seq > ${add(sinceChange)}`);
  if (position === 'callId' && before !== null) conditions.push(`call_id > ${add(before)}`);
  const live = `SELECT call_id, change_seq, started_at, fields, FALSE AS is_deleted FROM calls WHERE ${conditions.join(' AND ')}`;
  const gone = query.includesDeleted
    ? ` UNION ALL SELECT call_id, change_seq, NULL, '{}', TRUE FROM deleted_calls
         WHERE tenant_id = $1 AND call_id IS NOT NULL AND change_seq > ${add(sinceChange)}`
    : '';
  const order = query.order.map(
    ({ by, isDescending }) => `${ORDER_SQL[by]} ${isDescending ? 'DESC' : 'ASC'} NULLS LAST`,
  );
  const skipped = before === null ? (query.page - 1) * perPage : 0;
  const text = `SELECT call_id AS "callId", change_seq AS "changeSeq", pg_column_size(fields) AS bytes,
                       is_deleted AS "isDeleted"
     FROM (${live}${gone}) found ORDER BY ${order.join(', ')} LIMIT ${add(perPage)} OFFSET ${add(skipped)}`;
  return { text, values };
}

/** A page's own size and order belong to the walk: its pages are those of one client's loop. */
function walkOf({ page: _, ...query }: ExportQuery): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 22);
}

async function endOfPage(db: Database, tenantId: string, walk: string, page: number): Promise<number | null> {
  const [end] = await db.query<{ position: number }>(
    `SELECT position FROM export_walks
      WHERE tenant_id = $1 AND walk = $2 AND page = $3 AND at > callbay_now() - ${KEPT}`,
    [tenantId, walk, page],
  );
  return end?.position ?? null;
}

/** Does not wait for the disk: where a crash loses it, the next page begins at its offset instead. */
async function keepEnd(
  db: Database,
  tenantId: string,
  walk: string,
  page: number,
  position: number,
): Promise<void> {
  await db.execute(
    `WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', TRUE)),
          gone AS (DELETE FROM export_walks WHERE tenant_id = $1 AND at <= callbay_now() - ${KEPT}
                    AND $3 = 1 AND (walk, page) <> ($2, $3))
     INSERT INTO export_walks (tenant_id, walk, page, position, at)
     SELECT $1, $2, $3, $4, callbay_now() FROM quick
         ON CONFLICT (tenant_id, walk, page) DO UPDATE SET position = excluded.position, at = excluded.at`,
    [tenantId, walk, page, position],
  );
}

const readCsv: (...args: [Database, ...Parameters<ExportReader['readCsv']>]) => Promise<Buffer> = (
  db,
  tenantId,
  callIds,
  columns,
  { hasDeletedColumn },
) => {
  const deleted = hasDeletedColumn ? `, NULL AS "${DELETED_COLUMN}"` : '';
  const form = `FORMAT csv, FORCE_QUOTE (${quotedColumns(columns)})`;
  return copyCalls(db, tenantId, callIds, `${csvSelect(columns)}${deleted}`, form);
};

/** JSON text has no control characters: with some as quote and delimiter, COPY writes it as it is, a line each. */
const readJson = (
  db: Database,
  tenantId: string,
  callIds: readonly number[],
  json: string,
): Promise<Buffer> =>
  copyCalls(db, tenantId, callIds, json, String.raw`FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'`);

/** The calls in the order of their numbers here. COPY takes no parameters: it reads them from settings of its transaction. */
const copyCalls = (
  db: Database,
  tenantId: string,
  callIds: readonly number[],
  select: string,
  form: string,
): Promise<Buffer> =>
  transactBulk(db, async (tx, client) => {
    await tx.query(`SELECT set_config('callbay.tenant', $1, TRUE), set_config('callbay.calls', $2, TRUE)`, [
      tenantId,
      `{${callIds.join(',')}}`,
    ]);
    const rows = `SELECT ${select} FROM calls
       JOIN unnest(current_setting('callbay.calls')::bigint[]) WITH ORDINALITY AS n(id, nth) ON n.id = call_id
      WHERE tenant_id = current_setting('callbay.tenant') AND status = 'surfaced' ORDER BY nth`;
    return readBytes(client.query(copyTo(`COPY (${rows}) TO STDOUT WITH (${form})`)));
  });
