import { randomUUID } from 'node:crypto';
import type { JudgedMatches, ScoredPair } from '@callbay/core';
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
 * Writes each link as a fact of its record, and tells both files' stories. Answers the matches whose two sides were
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
    `update call_records r set named_stem = recording.stem, linked_match = link.match_id
       from unnest($2::uuid[], $3::int[], $4::uuid[], $5::uuid[]) as link(file_id, row, recording_id, match_id),
            files f, lateral (select f.stem from files f
                               where f.tenant_id = $1 and f.id = link.recording_id and ${IS_OPEN_RECORDING}) recording
      where r.tenant_id = $1 and r.file_id = link.file_id and r.row = link.row
        and f.tenant_id = r.tenant_id and f.id = r.file_id and ${IS_OPEN_RECORD}
     returning link.match_id`,
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
    `delete from matches where tenant_id = $1 and state = 'auto' and id = any($2::uuid[]) and not id = any($3::uuid[])`,
    [tenantId, links.map((link) => link.matchId), [...linked]],
  );
  await releaseRivals(tx, tenantId, [...linked]);
  await tx.execute(
    `insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     select m.tenant_id, side, callbay_now(), 'linked', null, $3,
            jsonb_build_object('matchId', m.id, 'score', m.score, 'contributions', m.contributions), 'linked ' || m.id
       from matches m, unnest(array[m.record_file_id, m.recording_file_id]) as side
      where m.tenant_id = $1 and m.id = any($2::uuid[]) on conflict do nothing`,
    [
      tenantId,
      [...linked],
      by === null
        ? 'The shared fields match beyond doubt, so the two are one call.'
        : 'A person accepted the match, so the two are one call.',
    ],
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
    `insert into matches (tenant_id, id, record_file_id, record_row, recording_file_id, score, contributions, state,
                          is_ambiguous, proposed_at, decided_at)
     select $1, n.id, n.record_file_id, n.record_row, n.recording_file_id, n.score, n.contributions, n.state,
            n.is_ambiguous, callbay_now(), case when n.state = 'auto' then callbay_now() end
       from jsonb_to_recordset($2::jsonb) as n(id uuid, record_file_id uuid, record_row int, recording_file_id uuid,
            score float8, contributions jsonb, state text, is_ambiguous boolean)
         on conflict (tenant_id, record_file_id, record_row, recording_file_id) do update
        set score = excluded.score, contributions = excluded.contributions, is_ambiguous = excluded.is_ambiguous,
            state = excluded.state, decided_at = excluded.decided_at
      where matches.state in ('proposed', 'auto')
     returning id, record_file_id || '#' || record_row || ' ' || recording_file_id as pair`,
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
    `delete from matches where tenant_id = $1 and state = 'proposed' and recording_file_id = any($2::uuid[])
        and record_file_id || '#' || record_row = any($3::text[]) and not id = any($4::uuid[])`,
    [tenantId, recordingIds, recordIds, [...kept]],
  );

/** Ends the proposals of parties that found each other, and has their rivals compared again without them. */
async function releaseRivals(tx: Sql, tenantId: string, linked: readonly string[]): Promise<void> {
  await tx.execute(
    `with linked as (
       select record_file_id, record_row, recording_file_id from matches where tenant_id = $1 and id = any($2::uuid[])
     ), ended as (
       delete from matches m using linked
        where m.tenant_id = $1 and m.state = 'proposed'
          and ((m.record_file_id = linked.record_file_id and m.record_row = linked.record_row)
               or m.recording_file_id = linked.recording_file_id)
       returning m.record_file_id, m.record_row, m.recording_file_id
     ), records as (
       update linkage_records l set due_at = callbay_now() from ended
        where l.tenant_id = $1 and l.file_id = ended.record_file_id and l.row = ended.record_row
     )
     update external_recordings e set due_at = callbay_now() from ended
      where e.tenant_id = $1 and e.file_id = ended.recording_file_id and e.started_at is not null`,
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
  const ambiguous = `tenant_id = $1 and state = 'proposed' and is_ambiguous`;
  const records = await tx.query<{ stem: string }>(
    `with told as (
       select l.file_id, l.row, coalesce((select array_agg(id order by id) from matches m
               where m.${ambiguous} and m.record_file_id = l.file_id and m.record_row = l.row), '{}') as ids
         from linkage_records l where l.tenant_id = $1 and l.file_id || '#' || l.row = any($2::text[])
          and l.file_id = any($3::uuid[])
     )
     update linkage_records l set ambiguous_matches = told.ids from told, call_records r
      where l.tenant_id = $1 and l.file_id = told.file_id and l.row = told.row and l.ambiguous_matches <> told.ids
        and r.tenant_id = $1 and r.file_id = l.file_id and r.row = l.row
     returning r.stem`,
    [tenantId, recordIds, recordIds.map((id) => id.split('#')[0])],
  );
  const recordings = await tx.query<{ stem: string }>(
    `with told as (
       select e.file_id, coalesce((select array_agg(id order by id) from matches m
               where m.${ambiguous} and m.recording_file_id = e.file_id), '{}') as ids
         from external_recordings e where e.tenant_id = $1 and e.file_id = any($2::uuid[])
     )
     update external_recordings e set ambiguous_matches = told.ids from told, files f
      where e.tenant_id = $1 and e.file_id = told.file_id and e.ambiguous_matches <> told.ids
        and f.tenant_id = $1 and f.id = e.file_id
     returning f.stem`,
    [tenantId, recordingIds],
  );
  return [...records, ...recordings].map(({ stem }) => stem);
}
