import {
  type CallDecision,
  type EventDraft,
  historyChange,
  type KnownCall,
  newsOf,
  surfacesNow,
} from '@callbay/core';
import type { AdvanceResult } from '@callbay/ingestion';
import { saveCallReferences } from '../crm/call-references.ts';
import type { Sql } from '../database/database.ts';
import { JsonTexts } from '../database/json-texts.ts';
import type { LoadedFile } from './facts-of-rows.ts';
import { publishCalls } from './publish-calls.ts';

/** A call as it was before it was decided, whether it has a row or gets its first one now. */
export interface StoredCall extends KnownCall {
  readonly isStored: boolean;
}

/**
 * Writes each call's row, its new revisions and their outbox rows, those of files first. The tenant's counters are taken last, so that
 * callId and changeSeq are in commit order and leave no gap.
 */
export async function saveCalls(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
  known: ReadonlyMap<string, StoredCall>,
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
  const stored = decisions.filter(({ callKey }) => known.get(callKey)!.isStored);
  await saveCallReferences(tx, tenantId, stored);
  const eventsOfCalls = decisions.flatMap((decision) => newsOf(decision, known.get(decision.callKey)!));
  const news = {
    events: [...eventsOfFiles, ...eventsOfCalls],
    surfacing: decisions.filter((decision) => surfacesNow(decision, known.get(decision.callKey)!)),
    revisions: changes.flatMap(({ decision: { callKey }, revisions }) =>
      revisions.map((revision) => ({ callKey, revision })),
    ),
    unstored: new Set(decisions.filter((d) => !known.get(d.callKey)!.isStored)),
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

function pairReceivedAt(decision: CallDecision, files: ReadonlyMap<string, LoadedFile>): number {
  const record = files.get(decision.revisions[0]!.fileId);
  return Math.max(decision.recording!.receivedAt, record?.received_at.getTime() ?? 0);
}
