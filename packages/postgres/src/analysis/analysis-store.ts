import { type AnalysisReceipt, JsonText, type Transcript } from '@callbay/contracts';
import {
  type Analysis,
  type ChannelMap,
  callAnalyzed,
  type Issue,
  otherSide,
  segmentsOfAnalysis,
  type TranscriptSegment,
} from '@callbay/core';
import type { Actor, AnalysisStore, AnalysisSubject, AnalysisToStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { NEWEST_TRANSCRIPT } from '../bundles/spoken-text.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { publishEvents } from '../events/publish-events.ts';

const ONE = `c.tenant_id = $1 AND c.call_id = $2 AND c.status = 'surfaced'`;

const EXTERNAL_ID = `coalesce(c.media ->> 'name', (SELECT e.external_id FROM external_recordings e
  WHERE e.tenant_id = c.tenant_id AND e.file_id = c.recording_file_id))`;

interface StoredRow {
  readonly version: number;
  readonly analyzedAt: Date;
  readonly warnings: readonly Issue[];
}

export function createAnalysisStore(db: Database): AnalysisStore {
  return {
    async findSubject(tenantId, callId) {
      const [row] = await db.query<AnalysisSubject>(
        `SELECT ${EXTERNAL_ID} AS "externalId", t.settings -> 'channelMap' AS "channelMap"
           FROM calls c JOIN tenants t ON t.id = c.tenant_id WHERE ${ONE}`,
        [tenantId, callId],
      );
      return row ?? null;
    },

    putAnalysis: (tenantId, callId, analysis, by) =>
      transact(db, (tx) => putAnalysis(tx, tenantId, callId, analysis, by)),

    async findAnalysis(tenantId, callId) {
      const [row] = await db.query<StoredRow & { readonly body: string }>(
        `SELECT a.version, a.analyzed_at AS "analyzedAt", a.warnings, a.body::text AS body
           FROM calls c JOIN call_analyses a ON a.tenant_id = c.tenant_id AND a.call_key = c.call_key WHERE ${ONE}`,
        [tenantId, callId],
      );
      if (row === undefined) return null;
      const { version, analyzedAt, warnings, body } = row;
      const [text, at] = [new JsonText(body), analyzedAt.toISOString()];
      return { callId, version, analyzedAt: at, warnings: [...warnings], body: text };
    },

    findTranscript: (tenantId, callId) => findTranscript(db, tenantId, callId),
  };
}

interface LockedCall {
  readonly callKey: string;
  readonly revision: number;
  readonly changeSeq: number;
}

async function putAnalysis(
  tx: Sql,
  tenantId: string,
  callId: number,
  analysis: AnalysisToStore,
  by: Actor,
): Promise<AnalysisReceipt | null> {
  const [call] = await tx.query<LockedCall>(
    `SELECT c.call_key AS "callKey", c.revision, c.change_seq AS "changeSeq" FROM calls c WHERE ${ONE} FOR UPDATE`,
    [tenantId, callId],
  );
  if (call === undefined) return null;
  const { body, digest, channelMap, warnings, summary, spokenText, told } = analysis;
  const receiptOf = ({ version, analyzedAt, warnings }: StoredRow, changeSeq: number): AnalysisReceipt => ({
    callId,
    version,
    analyzedAt: analyzedAt.toISOString(),
    warnings: [...warnings],
    changeSeq,
  });
  const [same] = await tx.query<StoredRow>(
    `SELECT version, analyzed_at AS "analyzedAt", warnings FROM call_analyses
      WHERE tenant_id = $1 AND call_key = $2 AND digest = $3 AND channel_map = $4`,
    [tenantId, call.callKey, digest, JSON.stringify(channelMap)],
  );
  if (same !== undefined) return receiptOf(same, call.changeSeq);
  const [stored] = await tx.query<StoredRow>(
    `INSERT INTO call_analyses (tenant_id, call_key, version, analyzed_at, digest, body, channel_map, warnings)
     VALUES ($1, $2, 1, callbay_now(), $3, $4, $5, $6)
     ON CONFLICT (tenant_id, call_key) DO UPDATE
        SET version = call_analyses.version + 1, analyzed_at = excluded.analyzed_at, digest = excluded.digest,
            body = excluded.body, channel_map = excluded.channel_map, warnings = excluded.warnings
     RETURNING version, analyzed_at AS "analyzedAt", warnings`,
    [tenantId, call.callKey, digest, body, JSON.stringify(channelMap), JSON.stringify(warnings)],
  );
  const { version, analyzedAt } = stored!;
  const detail = { version };
  await audit(tx, by, { tenantId, action: 'call.analyze', target: String(callId), detail });
  const event = callAnalyzed(call.callKey, call.revision, { ...told, analysisVersion: version });
  const changeSeq = await publishEvents(tx, tenantId, [{ ...event, callId }]);
  await tx.execute(
    `UPDATE calls c SET analysis = $3, spoken_text = $4, change_seq = $5, updated_at = callbay_now() WHERE ${ONE}`,
    [tenantId, callId, JSON.stringify({ version, analyzedAt, ...summary }), spokenText, changeSeq],
  );
  return receiptOf(stored!, changeSeq);
}

async function findTranscript(sql: Sql, tenantId: string, callId: number): Promise<Transcript | null> {
  const [row] = await sql.query<{
    readonly separation: 'channels' | 'diarize' | null;
    readonly channelMap: ChannelMap;
    readonly body: string | null;
    readonly segments: TranscriptSegment[] | null;
  }>(
    `SELECT c.media ->> 'speakerSeparation' AS separation, a.body::text AS body,
            coalesce(a.channel_map, t.settings -> 'channelMap') AS "channelMap",
            (SELECT segments FROM (${NEWEST_TRANSCRIPT}) newest) AS segments
       FROM calls c JOIN tenants t ON t.id = c.tenant_id
       LEFT JOIN call_analyses a ON a.tenant_id = c.tenant_id AND a.call_key = c.call_key WHERE ${ONE}`,
    [tenantId, callId],
  );
  if (row === undefined) return null;
  const { separation, body, channelMap, segments } = row;
  const { rep } = channelMap;
  const map = separation === 'channels' ? { rep, contact: otherSide(rep) } : null;
  const told = { speakerSeparation: separation, channelMap: map };
  const analysis = body === null ? null : (JSON.parse(body) as Analysis);
  if (analysis !== null && analysis.Transcripts.length > 0)
    return { ...told, source: 'analysis', segments: segmentsOfAnalysis(analysis, channelMap, separation) };
  return { ...told, source: segments === null ? null : 'file', segments: segments ?? [] };
}
