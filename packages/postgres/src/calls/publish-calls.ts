import {
  type CallContent,
  type CallDecision,
  type CallRevision,
  type EventDraft,
  mediaOf,
  searchTextOf,
} from '@callbay/core';
import { REFERENCE_COLUMNS, referencesOf } from '../crm/call-references.ts';
import { arraysOf, type Columns, type RowOf, rowsSql } from '../database/bulk-rows.ts';
import type { Sql } from '../database/database.ts';
import type { JsonTexts } from '../database/json-texts.ts';
import { happensOnceSql } from '../events/publish-events.ts';
import { payloadText } from '../events/stored-event.ts';
import type { LoadedFile } from './facts-of-rows.ts';

const LOST_WAKE_MS = 5_000;

const CALL_COLUMNS = {
  call_key: 'text',
  status: 'text',
  revision: 'int4',
  recording_file_id: 'uuid',
  first_recording_file_id: 'uuid',
  record_file_id: 'uuid',
  record_row: 'int4',
  started_at: 'timestamptz',
  ended_at: 'timestamptz',
  direction: 'text',
  user_id: 'text',
  duration_seconds: 'float8',
  fields: 'jsonb',
  raw: 'jsonb',
  mapping_version: 'int4',
  warnings: 'jsonb',
  media: 'jsonb',
  media_blob_key: 'text',
  hold: 'jsonb',
  held_since: 'timestamptz',
  updates_until: 'timestamptz',
  search_text: 'text',
  waits_for_seq: 'int8',
  due_at: 'timestamptz',
  call_nth: 'int8',
  change_nth: 'int8',
  is_stored: 'boolean',
} as const satisfies Columns;

const REVISION_COLUMNS = {
  call_key: 'text',
  revision: 'int4',
  at: 'timestamptz',
  file_id: 'uuid',
  changed: 'jsonb',
} as const satisfies Columns;

const EVENT_COLUMNS = {
  call_key: 'text',
  call_nth: 'int8',
  change_nth: 'int8',
  revision: 'int4',
  type: 'text',
  payload: 'jsonb',
} as const satisfies Columns;

/** After the tenant, the number of events and of calls, and the time. */
const FIRST_CALL_PARAMETER = 5;
const sizeOf = (columns: Columns): number => Object.keys(columns).length;
const FIRST_EVENT_PARAMETER = FIRST_CALL_PARAMETER + sizeOf(CALL_COLUMNS);
const FIRST_REVISION_PARAMETER = FIRST_EVENT_PARAMETER + sizeOf(EVENT_COLUMNS);
const FIRST_REFERENCE_PARAMETER = FIRST_REVISION_PARAMETER + sizeOf(REVISION_COLUMNS);

/** Columns of a call's row that a decision writes, each with its value out of `n` and what the row held `before`. */
const columnsOf = (before: (name: string) => string): Readonly<Record<string, string>> => ({
  status: 'n.status',
  revision: 'n.revision',
  recording_file_id: 'n.recording_file_id',
  first_recording_file_id: 'n.first_recording_file_id',
  record_file_id: 'n.record_file_id',
  record_row: 'n.record_row',
  started_at: 'n.started_at',
  ended_at: 'n.ended_at',
  direction: 'n.direction',
  user_id: 'n.user_id',
  duration_seconds: 'n.duration_seconds',
  fields: `coalesce(n.fields, '{}')`,
  raw: `coalesce(n.raw, '{}')`,
  mapping_version: 'n.mapping_version',
  warnings: `coalesce(n.warnings, '[]')`,
  media: 'n.media',
  media_blob_key: 'n.media_blob_key',
  hold: 'n.hold',
  held_since: 'n.held_since',
  updates_until: 'n.updates_until',
  search_text: `coalesce(n.search_text, '')`,
  waits_for_seq: 'n.waits_for_seq',
  due_at: 'n.due_at',
  call_id: `coalesce((SELECT base FROM call_counter) + n.call_nth, ${before('call_id')})`,
  surfaced_at: `CASE WHEN n.call_nth IS NULL THEN ${before('surfaced_at')} ELSE $4 END`,
  change_seq: `coalesce((SELECT base FROM change_counter) + n.change_nth, ${before('change_seq')})`,
  updated_at: `CASE WHEN n.change_nth IS NULL THEN ${before('updated_at')} ELSE $4 END`,
});

const CHANGED = Object.entries(columnsOf((name) => `c.${name}`)).map(([name, value]) => `${name} = ${value}`);
const FIRST = columnsOf(() => 'NULL');

/**
 * Takes the tenant's counters, one after the other in this order, and writes what carries their numbers: one statement,
 * since whoever else publishes for the tenant waits from its beginning to our commit. `$2` and `$3` count the events and
 * the calls that nobody has seen yet; a call's `change_nth` is that of its last event. Fails with a repeated key where
 * another transaction has written the first row of a call.
 */
const PUBLISH = `
WITH n AS MATERIALIZED (
  ${rowsSql(CALL_COLUMNS, FIRST_CALL_PARAMETER)}
), change_counter AS (
  UPDATE tenant_counters SET value = value + $2 WHERE tenant_id = $1 AND name = 'change' AND $2 > 0
  RETURNING value - $2 AS base
), call_counter AS (
  UPDATE tenant_counters c SET value = value + $3 FROM change_counter
   WHERE c.tenant_id = $1 AND c.name = 'call' AND $3 > 0
  RETURNING c.value - $3 AS base
), told AS (
  INSERT INTO outbox (tenant_id, seq, event_id, nth, call_id, call_key, revision, type, payload, created_at)
  SELECT $1, (SELECT base FROM change_counter) + n.change_nth, gen_random_uuid(),
         CASE WHEN ${happensOnceSql('n.type')} THEN 0 ELSE (SELECT base FROM change_counter) + n.change_nth END,
         coalesce((SELECT base FROM call_counter) + n.call_nth,
                  (SELECT call_id FROM calls WHERE tenant_id = $1 AND call_key = n.call_key)),
         n.call_key, n.revision, n.type, n.payload, $4
    FROM (${rowsSql(EVENT_COLUMNS, FIRST_EVENT_PARAMETER)}) n
), made AS (
  INSERT INTO calls (tenant_id, call_key, ${Object.keys(FIRST).join(', ')})
  SELECT $1, n.call_key, ${Object.values(FIRST).join(', ')}
    FROM n WHERE NOT n.is_stored ORDER BY n.call_key COLLATE "C"
  RETURNING 1
), changed AS (
  UPDATE calls c SET ${CHANGED.join(', ')}
    FROM n WHERE n.is_stored AND c.tenant_id = $1 AND c.call_key = n.call_key
  RETURNING 1
), revised AS (
  INSERT INTO call_revisions (tenant_id, call_key, revision, at, file_id, changed)
  SELECT $1, n.call_key, n.revision, n.at, n.file_id, n.changed
    FROM (${rowsSql(REVISION_COLUMNS, FIRST_REVISION_PARAMETER)}) n
), referring AS (
  INSERT INTO crm_call_references (tenant_id, call_key, field, to_type, to_id)
  SELECT $1, n.call_key, n.field, n.to_type, n.to_id
    FROM (${rowsSql(REFERENCE_COLUMNS, FIRST_REFERENCE_PARAMETER)}) n
)
SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM changed) AS written`;

export interface News {
  readonly events: readonly EventDraft[];
  /** Calls that nobody has seen yet. */
  readonly surfacing: readonly CallDecision[];
  readonly revisions: readonly { readonly callKey: string; readonly revision: CallRevision }[];
  /** Calls that have no row yet. */
  readonly unstored: ReadonlySet<CallDecision>;
}

/** What the rows of calls are made of besides the decisions. */
export interface CallRowSources {
  readonly files: ReadonlyMap<string, LoadedFile>;
  readonly texts: JsonTexts;
  readonly now: Date;
}

/**
 * From here to the end of the transaction no other one of the tenant publishes: its numbers are in commit order.
 * Invariant: nothing but the commit follows.
 */
export async function publishCalls(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
  { events, surfacing, revisions, unstored }: News,
  sources: CallRowSources,
): Promise<void> {
  const changeNth = new Map(events.map(({ callKey }, n) => [callKey, n + 1]));
  const callNth = new Map(surfacing.map(({ callKey }, n) => [callKey, n + 1]));
  const calls = decisions.map((decision) => ({
    ...callRowOf(decision, sources),
    call_nth: callNth.get(decision.callKey),
    change_nth: changeNth.get(decision.callKey),
    is_stored: !unstored.has(decision),
  }));
  const told = events.map((event, n) => ({
    call_key: event.callKey,
    call_nth: callNth.get(event.callKey),
    change_nth: n + 1,
    revision: event.revision,
    type: event.type,
    payload: payloadText(event, sources.texts),
  }));
  const revised = revisions.map(({ callKey, revision }) => ({
    call_key: callKey,
    revision: revision.revision,
    at: revision.receivedAt,
    file_id: revision.fileId,
    changed: sources.texts.of(revision.changed),
  }));
  const [row] = await tx.query<{ written: number }>(
    PUBLISH,
    [
      tenantId,
      events.length,
      surfacing.length,
      sources.now,
      ...arraysOf(CALL_COLUMNS, calls),
      ...arraysOf(EVENT_COLUMNS, told),
      ...arraysOf(REVISION_COLUMNS, revised),
      ...arraysOf(REFERENCE_COLUMNS, referencesOf(unstored)),
    ],
    'publish',
  );
  if (row?.written !== decisions.length)
    throw new Error(`${row?.written} of ${decisions.length} calls were written`);
}

function callRowOf(
  decision: CallDecision,
  { files, texts, now }: CallRowSources,
): RowOf<typeof CALL_COLUMNS> {
  const [first, last] = [decision.revisions[0], decision.revisions.at(-1)];
  const { recording, firstRecording, hold } = decision;
  const media = recording && mediaOf(recording);
  return {
    call_key: decision.callKey,
    status: decision.status,
    revision: last?.revision ?? 0,
    recording_file_id: recording?.fileId,
    first_recording_file_id: firstRecording === recording ? null : firstRecording?.fileId,
    record_file_id: first?.fileId,
    record_row: first?.row,
    ...(last ? contentColumns(last.content, texts) : {}),
    media: media && JSON.stringify(media),
    media_blob_key: recording && files.get(recording.fileId)?.blob_key,
    hold:
      hold &&
      JSON.stringify({ ...hold, since: new Date(hold.since), until: hold.until && new Date(hold.until) }),
    held_since: hold && Math.min(hold.since, now.getTime()),
    updates_until: decision.updatesUntil,
    waits_for_seq: decision.waitsForSeq,
    // Whoever reads the file it waits for wakes it; this is for when that reader dies.
    due_at: decision.waitsForSeq === null ? decision.changesAt : now.getTime() + LOST_WAKE_MS,
  };
}

const contentColumns = (content: CallContent, texts: JsonTexts) => ({
  started_at: content.startedAt,
  ended_at: content.endedAt,
  direction: content.direction,
  user_id: content.user,
  duration_seconds: content.durationSeconds,
  fields: texts.of(content.fields),
  raw: texts.of(content.raw),
  mapping_version: content.mappingVersion,
  warnings: content.warnings.length > 0 ? texts.of(content.warnings) : null,
  search_text: searchTextOf(content),
});
