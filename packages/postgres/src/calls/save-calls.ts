import {
  type CallContent,
  type CallDecision,
  type CallRevision,
  type EventDraft,
  historyChange,
  type KnownCall,
  mediaOf,
  newsOf,
  searchTextOf,
  surfacesNow,
} from '@callbay/core';
import type { AdvanceResult } from '@callbay/ingestion';
import { saveCallReferences } from '../crm/call-references.ts';
import type { Sql } from '../database/database.ts';
import { storedEventOf } from '../events/stored-event.ts';
import type { LoadedFile } from './facts-of-rows.ts';

const LOST_WAKE_MS = 5_000;

/**
 * Takes the tenant's counters, one after the other in this order, and writes what carries their numbers: one statement,
 * since whoever else publishes for the tenant waits from its beginning to our commit. `$4` and `$5` count the events and
 * the calls that nobody has seen yet; a call's `change_nth` is that of its last event.
 */
const PUBLISH = `
WITH change_counter AS (
  UPDATE tenant_counters SET value = value + $4 WHERE tenant_id = $1 AND name = 'change' AND $4 > 0
  RETURNING value - $4 AS base
), call_counter AS (
  UPDATE tenant_counters c SET value = value + $5 FROM change_counter
   WHERE c.tenant_id = $1 AND c.name = 'call' AND $5 > 0
  RETURNING c.value - $5 AS base
), told AS (
  INSERT INTO outbox (tenant_id, seq, event_id, call_id, call_key, revision, type, payload, created_at)
  SELECT $1, (SELECT base FROM change_counter) + n.nth, gen_random_uuid(),
         coalesce((SELECT base FROM call_counter) + n.call_nth,
                  (SELECT call_id FROM calls WHERE tenant_id = $1 AND call_key = n.call_key)),
         n.call_key, n.revision, n.type, n.payload, $6
    FROM ROWS FROM (jsonb_to_recordset($3::jsonb)
                    AS (call_key text, call_nth bigint, revision int, type text, payload jsonb))
         WITH ORDINALITY AS n(call_key, call_nth, revision, type, payload, nth)
)
UPDATE calls c SET status = n.status, revision = n.revision, recording_file_id = n.recording_file_id,
       record_file_id = n.record_file_id, record_row = n.record_row, started_at = n.started_at,
       ended_at = n.ended_at, direction = n.direction, user_id = n.user_id,
       duration_seconds = n.duration_seconds, fields = coalesce(n.fields, '{}'), raw = coalesce(n.raw, '{}'),
       mapping_version = n.mapping_version, warnings = coalesce(n.warnings, '[]'), media = n.media,
       media_blob_key = n.media_blob_key, hold = n.hold, held_since = n.held_since,
       updates_until = n.updates_until, search_text = coalesce(n.search_text, ''),
       waits_for_seq = n.waits_for_seq, due_at = n.due_at,
       call_id = coalesce((SELECT base FROM call_counter) + n.call_nth, c.call_id),
       surfaced_at = CASE WHEN n.call_nth IS NULL THEN c.surfaced_at ELSE $6 END,
       change_seq = coalesce((SELECT base FROM change_counter) + n.change_nth, c.change_seq),
       updated_at = CASE WHEN n.change_nth IS NULL THEN c.updated_at ELSE $6 END
  FROM jsonb_to_recordset($2::jsonb) AS n(call_key text, status text, revision int, recording_file_id uuid,
       record_file_id uuid, record_row int, started_at timestamptz, ended_at timestamptz, direction text,
       user_id text, duration_seconds float8, fields jsonb, raw jsonb, mapping_version int, warnings jsonb,
       media jsonb, media_blob_key text, hold jsonb, held_since timestamptz, updates_until timestamptz,
       search_text text, waits_for_seq bigint, due_at timestamptz, call_nth bigint, change_nth bigint)
 WHERE c.tenant_id = $1 AND c.call_key = n.call_key`;

/**
 * Writes each call's row, its new revisions and their outbox rows. The tenant's counters are taken last, so that
 * callId and changeSeq are in commit order and leave no gap.
 */
export async function saveCalls(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
  known: ReadonlyMap<string, KnownCall>,
  files: ReadonlyMap<string, LoadedFile>,
  now: Date,
): Promise<Omit<AdvanceResult, 'wakes'>> {
  const changes = decisions.map((decision) => ({
    decision,
    ...historyChange(decision, known.get(decision.callKey)!),
  }));
  const unseen = changes.filter(({ replacesStored }) => replacesStored);
  if (unseen.length > 0) {
    await tx.execute(
      'DELETE FROM call_revisions WHERE tenant_id = $1 AND call_key = ANY($2)',
      [tenantId, unseen.map(({ decision }) => decision.callKey)],
      'forget-unseen-revisions',
    );
  }
  const fresh = changes.flatMap(({ decision, revisions }) =>
    revisions.map((revision) => ({ decision, revision })),
  );
  if (fresh.length > 0) await insertRevisions(tx, tenantId, fresh);
  await saveCallReferences(tx, tenantId, decisions);
  const news = {
    events: decisions.flatMap((decision) => newsOf(decision, known.get(decision.callKey)!)),
    surfacing: decisions.filter((decision) => surfacesNow(decision, known.get(decision.callKey)!)),
  };
  await publish(tx, tenantId, decisions, news, files, now);
  return {
    surfaced: news.surfacing.length,
    updated: news.events.length - news.surfacing.length,
    surfacingSeconds: news.surfacing.map(
      (decision) => (now.getTime() - pairReceivedAt(decision, files)) / 1000,
    ),
  };
}

async function insertRevisions(
  tx: Sql,
  tenantId: string,
  fresh: readonly { decision: CallDecision; revision: CallRevision }[],
): Promise<void> {
  const values = fresh.map(({ decision, revision }) => ({
    call_key: decision.callKey,
    revision: revision.revision,
    at: new Date(revision.receivedAt),
    file_id: revision.fileId,
    changed: revision.changed,
  }));
  await tx.execute(
    `INSERT INTO call_revisions (tenant_id, call_key, revision, at, file_id, changed)
     SELECT $1, n.call_key, n.revision, n.at, n.file_id, n.changed
       FROM jsonb_to_recordset($2::jsonb) AS n(call_key text, revision int, at timestamptz, file_id uuid, changed jsonb)`,
    [tenantId, JSON.stringify(values)],
    'insert-revisions',
  );
}

interface News {
  readonly events: readonly EventDraft[];
  /** Calls that nobody has seen yet. */
  readonly surfacing: readonly CallDecision[];
}

/**
 * From here to the end of the transaction no other one of the tenant publishes: its numbers are in commit order.
 * Invariant: nothing but the commit follows.
 */
async function publish(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
  { events, surfacing }: News,
  files: ReadonlyMap<string, LoadedFile>,
  now: Date,
): Promise<void> {
  const changeNth = new Map(events.map(({ callKey }, n) => [callKey, n + 1]));
  const callNth = new Map(surfacing.map(({ callKey }, n) => [callKey, n + 1]));
  const changes = decisions.map((decision) => ({
    ...changeOf(decision, files, now),
    call_nth: callNth.get(decision.callKey),
    change_nth: changeNth.get(decision.callKey),
  }));
  const told = events.map((event) => ({ ...storedEventOf(event), call_nth: callNth.get(event.callKey) }));
  const written = await tx.execute(
    PUBLISH,
    [tenantId, JSON.stringify(changes), JSON.stringify(told), events.length, surfacing.length, now],
    'publish',
  );
  if (written !== decisions.length) throw new Error(`${written} of ${decisions.length} calls were written`);
}

/** Takes `count` numbers in commit order; answers the last one taken before. Nothing but writes under these numbers may follow. */
export async function takeCounter(tx: Sql, tenantId: string, name: string, count: number): Promise<number> {
  const [row] = await tx.query<{ base: number }>(
    `UPDATE tenant_counters SET value = value + $3 WHERE tenant_id = $1 AND name = $2 RETURNING value - $3 AS base`,
    [tenantId, name, count],
  );
  if (!row) throw new Error(`tenant ${tenantId} has no counter ${name}`);
  return row.base;
}

function pairReceivedAt(decision: CallDecision, files: ReadonlyMap<string, LoadedFile>): number {
  const record = files.get(decision.revisions[0]!.fileId);
  return Math.max(decision.recording!.receivedAt, record?.received_at.getTime() ?? 0);
}

function changeOf(decision: CallDecision, files: ReadonlyMap<string, LoadedFile>, now: Date) {
  const last = decision.revisions.at(-1);
  const { recording, hold } = decision;
  return {
    call_key: decision.callKey,
    status: decision.status,
    revision: last?.revision ?? 0,
    recording_file_id: recording?.fileId ?? null,
    record_file_id: decision.revisions[0]?.fileId ?? null,
    record_row: decision.revisions[0]?.row ?? null,
    ...(last ? contentColumns(last.content) : {}),
    media: recording && mediaOf(recording),
    media_blob_key: recording ? (files.get(recording.fileId)?.blob_key ?? null) : null,
    hold: hold && { ...hold, since: new Date(hold.since), until: hold.until && new Date(hold.until) },
    held_since: hold ? new Date(Math.min(hold.since, now.getTime())) : null,
    updates_until: decision.updatesUntil === null ? null : new Date(decision.updatesUntil),
    search_text: last ? searchTextOf(last.content) : '',
    waits_for_seq: decision.waitsForSeq,
    // Whoever reads the file it waits for wakes it; this is for when that reader dies.
    due_at:
      decision.waitsForSeq === null ? dateOrNull(decision.changesAt) : new Date(now.getTime() + LOST_WAKE_MS),
  };
}

const dateOrNull = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

const contentColumns = (content: CallContent) => ({
  started_at: content.startedAt === null ? null : new Date(content.startedAt),
  ended_at: content.endedAt === null ? null : new Date(content.endedAt),
  direction: content.direction,
  user_id: content.user,
  duration_seconds: content.durationSeconds,
  fields: content.fields,
  raw: content.raw,
  mapping_version: content.mappingVersion,
  warnings: content.warnings,
});
