import { randomUUID } from 'node:crypto';
import { type JudgedMatches, type ScoredPair, STEP_SENTENCES } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { IS_OPEN_RECORD, IS_OPEN_RECORDING } from './linkage-rows.ts';

/** A match to be made, and its two parties. */
export interface LinkToWrite {
  readonly matchId: string;
  readonly recordFileId: string;
  readonly row: number;
  readonly recordingFileId: string;
}

/**
 * Writes each link as a fact of its record, with a step for both files. Answers the matches whose two sides were
 * still open; of the others nothing is left. The calls of all stems must be locked.
 */
export async function writeLinks(
  tx: Sql,
  tenantId: string,
  links: readonly LinkToWrite[],
  by: string | null,
): Promise<ReadonlySet<string>> {
  if (links.length === 0) return new Set();
  const rows = await tx.query<{ match_id: string }>(
    `UPDATE call_records r SET named_stem = recording.stem, linked_match = link.match_id
       FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::uuid[]) AS link(file_id, row, recording_id, match_id),
            files f, LATERAL (SELECT f.stem FROM files f
                               WHERE f.tenant_id = $1 AND f.id = link.recording_id AND ${IS_OPEN_RECORDING}) recording
      WHERE r.tenant_id = $1 AND r.file_id = link.file_id AND r.row = link.row
        AND f.tenant_id = r.tenant_id AND f.id = r.file_id AND ${IS_OPEN_RECORD}
     RETURNING link.match_id`,
    [
      tenantId,
      links.map((link) => link.recordFileId),
      links.map((link) => link.row),
      links.map((link) => link.recordingFileId),
      links.map((link) => link.matchId),
    ],
  );
  const linked = new Set(rows.map((row) => row.match_id));
  await tx.execute(
    `DELETE FROM matches WHERE tenant_id = $1 AND state = 'auto' AND id = ANY($2::uuid[]) AND NOT id = ANY($3::uuid[])`,
    [tenantId, links.map((link) => link.matchId), [...linked]],
  );
  await releaseRivals(tx, tenantId, [...linked]);
  await tx.execute(
    `INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     SELECT m.tenant_id, side, callbay_now(), 'linked', NULL, $3,
            jsonb_build_object('matchId', m.id, 'score', m.score, 'contributions', m.contributions), 'linked ' || m.id
       FROM matches m, unnest(ARRAY[m.record_file_id, m.recording_file_id]) AS side
      WHERE m.tenant_id = $1 AND m.id = ANY($2::uuid[]) ON CONFLICT DO NOTHING`,
    [tenantId, [...linked], by === null ? STEP_SENTENCES.matched : STEP_SENTENCES.matchAccepted],
  );
  return linked;
}

interface MatchRow extends ScoredPair {
  readonly state: 'proposed' | 'auto';
  readonly isAmbiguous: boolean;
}

/** Stores pairs, each once: what a person decided stays. Answers their ids by `recordId recordingId`. */
export async function saveMatches(
  tx: Sql,
  tenantId: string,
  { matches, proposals }: JudgedMatches,
): Promise<Map<string, string>> {
  const pairs: MatchRow[] = [
    ...matches.map((pair) => ({ ...pair, state: 'auto' as const, isAmbiguous: false })),
    ...proposals.map((pair) => ({ ...pair, state: 'proposed' as const })),
  ];
  if (pairs.length === 0) return new Map();
  const values = pairs.map((pair) => ({
    id: randomUUID(),
    record_file_id: pair.recordId.split('#')[0],
    record_row: Number(pair.recordId.split('#')[1]),
    recording_file_id: pair.recordingId,
    score: pair.score,
    contributions: pair.contributions,
    state: pair.state,
    is_ambiguous: pair.isAmbiguous,
  }));
  const rows = await tx.query<{ id: string; pair: string }>(
    `INSERT INTO matches (tenant_id, id, record_file_id, record_row, recording_file_id, score, contributions, state,
                          is_ambiguous, proposed_at, decided_at)
     SELECT $1, n.id, n.record_file_id, n.record_row, n.recording_file_id, n.score, n.contributions, n.state,
            n.is_ambiguous, callbay_now(), CASE WHEN n.state = 'auto' THEN callbay_now() END
       FROM jsonb_to_recordset($2::jsonb) AS n(id uuid, record_file_id uuid, record_row int, recording_file_id uuid,
            score float8, contributions jsonb, state text, is_ambiguous boolean)
         ON CONFLICT (tenant_id, record_file_id, record_row, recording_file_id) DO UPDATE
        SET score = excluded.score, contributions = excluded.contributions, is_ambiguous = excluded.is_ambiguous,
            state = excluded.state, decided_at = excluded.decided_at
      WHERE matches.state IN ('proposed', 'auto')
     RETURNING id, record_file_id || '#' || record_row || ' ' || recording_file_id AS pair`,
    [tenantId, JSON.stringify(values)],
  );
  return new Map(rows.map((row) => [row.pair, row.id]));
}

/** Takes back proposals between these parties that hold no longer: all but `kept`. Answers how many. */
export const dropProposals = (
  tx: Sql,
  tenantId: string,
  recordIds: readonly string[],
  recordingIds: readonly string[],
  kept: Iterable<string>,
): Promise<number> =>
  tx.execute(
    `DELETE FROM matches WHERE tenant_id = $1 AND state = 'proposed' AND recording_file_id = ANY($2::uuid[])
        AND record_file_id || '#' || record_row = ANY($3::text[]) AND NOT id = ANY($4::uuid[])`,
    [tenantId, recordingIds, recordIds, [...kept]],
  );

/** Ends the proposals of parties that found each other, and has their rivals compared again without them. */
async function releaseRivals(tx: Sql, tenantId: string, linked: readonly string[]): Promise<void> {
  await tx.execute(
    `WITH linked AS (
       SELECT record_file_id, record_row, recording_file_id FROM matches WHERE tenant_id = $1 AND id = ANY($2::uuid[])
     ), ended AS (
       DELETE FROM matches m USING linked
        WHERE m.tenant_id = $1 AND m.state = 'proposed'
          AND ((m.record_file_id = linked.record_file_id AND m.record_row = linked.record_row)
               OR m.recording_file_id = linked.recording_file_id)
       RETURNING m.record_file_id, m.record_row, m.recording_file_id
     ), records AS (
       UPDATE linkage_records l SET due_at = callbay_now() FROM ended
        WHERE l.tenant_id = $1 AND l.file_id = ended.record_file_id AND l.row = ended.record_row
     )
     UPDATE external_recordings e SET due_at = callbay_now() FROM ended
      WHERE e.tenant_id = $1 AND e.file_id = ended.recording_file_id AND e.started_at IS NOT NULL`,
    [tenantId, linked],
  );
}

/** Writes beside each party which matches are ambiguous for it; answers the stems of those for which that is news. */
export async function tellAmbiguity(
  tx: Sql,
  tenantId: string,
  recordIds: readonly string[],
  recordingIds: readonly string[],
): Promise<string[]> {
  const ambiguous = `tenant_id = $1 AND state = 'proposed' AND is_ambiguous`;
  const records = await tx.query<{ stem: string }>(
    `WITH told AS (
       SELECT l.file_id, l.row, coalesce((SELECT array_agg(id ORDER BY id) FROM matches m
               WHERE m.${ambiguous} AND m.record_file_id = l.file_id AND m.record_row = l.row), '{}') AS ids
         FROM linkage_records l WHERE l.tenant_id = $1 AND l.file_id || '#' || l.row = ANY($2::text[])
          AND l.file_id = ANY($3::uuid[])
     )
     UPDATE linkage_records l SET ambiguous_matches = told.ids FROM told, call_records r
      WHERE l.tenant_id = $1 AND l.file_id = told.file_id AND l.row = told.row AND l.ambiguous_matches <> told.ids
        AND r.tenant_id = $1 AND r.file_id = l.file_id AND r.row = l.row
     RETURNING r.stem`,
    [tenantId, recordIds, recordIds.map((id) => id.split('#')[0])],
  );
  const recordings = await tx.query<{ stem: string }>(
    `WITH told AS (
       SELECT e.file_id, coalesce((SELECT array_agg(id ORDER BY id) FROM matches m
               WHERE m.${ambiguous} AND m.recording_file_id = e.file_id), '{}') AS ids
         FROM external_recordings e WHERE e.tenant_id = $1 AND e.file_id = ANY($2::uuid[])
     )
     UPDATE external_recordings e SET ambiguous_matches = told.ids FROM told, files f
      WHERE e.tenant_id = $1 AND e.file_id = told.file_id AND e.ambiguous_matches <> told.ids
        AND f.tenant_id = $1 AND f.id = e.file_id
     RETURNING f.stem`,
    [tenantId, recordingIds],
  );
  return [...records, ...recordings].map(({ stem }) => stem);
}
