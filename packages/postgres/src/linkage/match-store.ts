import { type Match, type MatchListQuery, type MatchState, pageOf } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { Actor, MatchStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { lockTenant } from '../calls/lock-tenant.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { queryPage, selectOf } from '../database/page.ts';
import { lockLinkage, wakeStems } from './linkage-rows.ts';
import { tellAmbiguity, writeLinks } from './write-matches.ts';

interface Row {
  readonly id: string;
  readonly state: MatchState;
  readonly isAmbiguous: boolean;
  readonly score: number;
  readonly contributions: Match['contributions'];
  readonly recordFileId: string;
  readonly recordRow: number;
  readonly recordName: string;
  readonly recordStem: string;
  readonly recordingFileId: string;
  readonly recordingStem: string;
  readonly source: string;
  readonly externalId: string;
  readonly proposedAt: Date;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
}

const LIGHT_COLUMNS = {
  id: 'm.id',
  state: 'm.state',
  isAmbiguous: 'm.is_ambiguous',
  score: 'm.score',
  recordFileId: 'm.record_file_id',
  recordRow: 'm.record_row',
  recordName: 'record.name',
  recordStem: 'record.stem',
  recordingFileId: 'm.recording_file_id',
  recordingStem: 'recording.stem',
  source: 'e.source',
  externalId: 'e.external_id',
  proposedAt: 'm.proposed_at',
  decidedAt: 'm.decided_at',
  decidedBy: 'm.decided_by',
} as const;
const HEAVY_COLUMNS = { contributions: 'm.contributions' } as const;

const TABLES = `matches m
    JOIN files record ON record.tenant_id = m.tenant_id AND record.id = m.record_file_id
    JOIN files recording ON recording.tenant_id = m.tenant_id AND recording.id = m.recording_file_id
    JOIN external_recordings e ON e.tenant_id = m.tenant_id AND e.file_id = m.recording_file_id`;

const SELECT_ROWS = `SELECT ${selectOf({ ...LIGHT_COLUMNS, ...HEAVY_COLUMNS })} FROM ${TABLES}`;

export function createMatchStore(db: Database): MatchStore {
  return {
    async listMatches(tenantId, { limit, cursor, state, fileId }: MatchListQuery) {
      const [before, beforeId] = cursor ?? [null, null];
      const page = await queryPage<Omit<Row, 'contributions'> & { readonly contributions: string }>(db, {
        light: LIGHT_COLUMNS,
        heavy: HEAVY_COLUMNS,
        limit,
        omitsLarge: false,
        statement: (select, rows) => ({
          text: `SELECT ${select} FROM ${TABLES}
            WHERE m.tenant_id = $1 AND ($2::timestamptz IS NULL OR (m.proposed_at, m.id) < ($2, $3::uuid))
              AND ($4::text IS NULL OR m.state = $4)
              AND ($5::uuid IS NULL OR m.record_file_id = $5 OR m.recording_file_id = $5)
            ORDER BY m.proposed_at DESC, m.id DESC LIMIT $6`,
          values: [tenantId, before, beforeId, state ?? null, fileId ?? null, rows],
        }),
      });
      return pageOf(
        page,
        (row) => toMatch({ ...row, contributions: JSON.parse(row.contributions) }),
        (row) => [row.proposedAt.toISOString(), row.id],
      );
    },

    acceptMatch: (tenantId, matchId, by) =>
      transact(db, (tx) => decideMatch(tx, tenantId, matchId, by, 'accepted')),

    refuseMatch: (tenantId, matchId, by) =>
      transact(db, (tx) => decideMatch(tx, tenantId, matchId, by, 'refused')),
  };
}

async function findRow(tx: Sql, tenantId: string, matchId: string): Promise<Row | null> {
  const [row] = await tx.query<Row>(`${SELECT_ROWS} WHERE m.tenant_id = $1 AND m.id = $2`, [
    tenantId,
    matchId,
  ]);
  return row ?? null;
}

/** What a person says of a proposal, with its audit row. Saying the same again changes nothing. */
async function decideMatch(
  tx: Sql,
  tenantId: string,
  matchId: string,
  by: Actor,
  decision: 'accepted' | 'refused',
): Promise<Match | null> {
  if (!(await lockTenant(tx, tenantId))) return null;
  await lockLinkage(tx, tenantId);
  const row = await findRow(tx, tenantId, matchId);
  if (row === null) return null;
  if (row.state === decision) return toMatch(row);
  if (row.state !== 'proposed') {
    throw new CallbayError('CONFLICT', `The match is already decided: ${row.state}.`);
  }
  await tx.execute(
    `UPDATE matches SET state = $3, is_ambiguous = FALSE, decided_at = callbay_now(), decided_by = $4
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, matchId, decision, by.name],
  );
  const recordId = `${row.recordFileId}#${row.recordRow}`;
  const told = await tellAmbiguity(tx, tenantId, [recordId], [row.recordingFileId]);
  await wakeStems(tx, tenantId, [row.recordStem, row.recordingStem, ...told]);
  if (decision === 'accepted') await link(tx, tenantId, row, by);
  else await compareAgain(tx, tenantId, row);
  await audit(tx, by, {
    tenantId,
    action: `match.${decision === 'accepted' ? 'accept' : 'refuse'}`,
    target: matchId,
  });
  return toMatch((await findRow(tx, tenantId, matchId))!);
}

async function link(tx: Sql, tenantId: string, row: Row, by: Actor): Promise<void> {
  const { id: matchId, recordFileId, recordRow, recordingFileId } = row;
  const made = { matchId, recordFileId, row: recordRow, recordingFileId };
  if ((await writeLinks(tx, tenantId, [made], by.name)).size === 0) {
    throw new CallbayError('CONFLICT', 'The metadata or the recording is already paired.');
  }
}

/** The margin is another without the refused pair, for both its sides. */
async function compareAgain(tx: Sql, tenantId: string, row: Row): Promise<void> {
  await tx.execute(
    'UPDATE linkage_records SET due_at = callbay_now() WHERE tenant_id = $1 AND file_id = $2 AND row = $3',
    [tenantId, row.recordFileId, row.recordRow],
  );
  await tx.execute(
    'UPDATE external_recordings SET due_at = callbay_now() WHERE tenant_id = $1 AND file_id = $2',
    [tenantId, row.recordingFileId],
  );
}

const toMatch = (row: Row): Match => ({
  id: row.id,
  state: row.state,
  isAmbiguous: row.isAmbiguous,
  score: row.score,
  contributions: row.contributions,
  record: { fileId: row.recordFileId, row: row.recordRow, name: row.recordName },
  recording: { fileId: row.recordingFileId, source: row.source, id: row.externalId },
  proposedAt: row.proposedAt.toISOString(),
  decidedAt: row.decidedAt?.toISOString() ?? null,
  decidedBy: row.decidedBy,
});
