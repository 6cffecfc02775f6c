import {
  type CallDecision,
  type CallRevision,
  type EventDraft,
  historyChange,
  type KnownCall,
  newsOf,
  surfacesNow,
} from '@callbay/core';
import type { AdvanceResult } from '@callbay/ingestion';
import { saveCallReferences } from '../crm/call-references.ts';
import { arraysOf, type Columns, rowsSql } from '../database/bulk-rows.ts';
import type { Sql } from '../database/database.ts';
import { JsonTexts } from '../database/json-texts.ts';
import type { LoadedFile } from './facts-of-rows.ts';
import { publishCalls } from './publish-calls.ts';

const REVISION_COLUMNS = {
  call_key: 'text',
  revision: 'int4',
  at: 'timestamptz',
  file_id: 'uuid',
  changed: 'jsonb',
} as const satisfies Columns;

/**
 * Writes each call's row, its new revisions and their outbox rows, those of files first. The tenant's counters are taken last, so that
 * callId and changeSeq are in commit order and leave no gap.
 */
export async function saveCalls(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
  known: ReadonlyMap<string, KnownCall>,
  files: ReadonlyMap<string, LoadedFile>,
  now: Date,
  eventsOfFiles: readonly EventDraft[],
): Promise<Omit<AdvanceResult, 'wakes'>> {
  const texts = new JsonTexts();
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
  if (fresh.length > 0) await insertRevisions(tx, tenantId, fresh, texts);
  await saveCallReferences(tx, tenantId, decisions);
  const eventsOfCalls = decisions.flatMap((decision) => newsOf(decision, known.get(decision.callKey)!));
  const news = {
    events: [...eventsOfFiles, ...eventsOfCalls],
    surfacing: decisions.filter((decision) => surfacesNow(decision, known.get(decision.callKey)!)),
  };
  await publishCalls(tx, tenantId, decisions, news, { files, texts, now });
  return {
    surfaced: news.surfacing.length,
    updated: eventsOfCalls.length - news.surfacing.length,
    surfacingSeconds: news.surfacing.map(
      (decision) => (now.getTime() - pairReceivedAt(decision, files)) / 1000,
    ),
  };
}

async function insertRevisions(
  tx: Sql,
  tenantId: string,
  fresh: readonly { decision: CallDecision; revision: CallRevision }[],
  texts: JsonTexts,
): Promise<void> {
  const rows = fresh.map(({ decision, revision }) => ({
    call_key: decision.callKey,
    revision: revision.revision,
    at: revision.receivedAt,
    file_id: revision.fileId,
    changed: texts.of(revision.changed),
  }));
  await tx.execute(
    `INSERT INTO call_revisions (tenant_id, call_key, revision, at, file_id, changed)
     SELECT $1, n.call_key, n.revision, n.at, n.file_id, n.changed FROM (${rowsSql(REVISION_COLUMNS, 2)}) n`,
    [tenantId, ...arraysOf(REVISION_COLUMNS, rows)],
    'insert-revisions',
  );
}

function pairReceivedAt(decision: CallDecision, files: ReadonlyMap<string, LoadedFile>): number {
  const record = files.get(decision.revisions[0]!.fileId);
  return Math.max(decision.recording!.receivedAt, record?.received_at.getTime() ?? 0);
}
