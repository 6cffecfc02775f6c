import type { AnalyzedUtterance, CallEventData } from '@callbay/core';
import type { AnalyzedFeedCall, FeedStore, KnownFeedCall } from '@callbay/ingestion';
import type { SecretSealer } from '../access/host-keys.ts';
import { stemOfKey } from '../calls/facts-of-rows.ts';
import type { Database } from '../database/database.ts';
import { connectionOf, type StoredFeed, unsealPassword } from './feed-rows.ts';

const CALLS = `
  SELECT call_id AS "callId", call_key AS "callKey", media ->> 'name' AS name, direction, user_id AS "user"
    FROM calls WHERE tenant_id = $1 AND call_id = ANY($2) AND status = 'surfaced'`;

interface CallRow {
  readonly callId: number;
  readonly callKey: string;
  readonly name: string | null;
  readonly direction: string | null;
  readonly user: string | null;
}

const ANALYZED = `
  SELECT a.body -> 'Transcripts' AS transcripts, c.direction, c.user_id AS "user", c.started_at AS "startedAt",
         c.ended_at AS "endedAt", c.duration_seconds AS "durationSeconds", c.fields, c.raw, c.mapping_version AS "mappingVersion", c.warnings,
         NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.call_key = c.call_key AND o.type = 'call.surfaced'
                        AND o.seq > $3) AS "isUntold"
    FROM calls c LEFT JOIN call_analyses a ON a.tenant_id = c.tenant_id AND a.call_key = c.call_key
   WHERE c.tenant_id = $1 AND c.call_id = $2`;

interface AnalyzedRow extends Omit<CallEventData, 'changed' | 'startedAt' | 'endedAt'> {
  readonly transcripts: AnalyzedUtterance[] | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly isUntold: boolean;
}

const toCall = ({ callKey, name, ...call }: CallRow): KnownFeedCall => ({
  ...call,
  externalId: name ?? stemOfKey(callKey),
});

function toAnalyzed({
  transcripts,
  isUntold,
  startedAt,
  endedAt,
  ...content
}: AnalyzedRow): AnalyzedFeedCall {
  const times = { startedAt: startedAt?.toISOString() ?? null, endedAt: endedAt?.toISOString() ?? null };
  return { transcripts: transcripts ?? [], untold: isUntold ? { ...content, ...times, changed: {} } : null };
}

/** See `FeedStore`. */
export function createFeedStore(db: Database, sealer: SecretSealer): FeedStore {
  return {
    async findActive(tenantId) {
      const [row] = await db.query<{
        settings: StoredFeed;
        sealed: string | null;
        version: Date;
        attempts: number;
      }>(
        `SELECT settings, sealed, updated_at AS version, attempts FROM feeds WHERE tenant_id = $1 AND state = 'active'`,
        [tenantId],
        'active_feed',
      );
      if (row === undefined) return null;
      const { settings, sealed, version, attempts } = row;
      return {
        connection: connectionOf(settings),
        format: settings,
        password: unsealPassword(sealer, tenantId, sealed),
        version: version.toISOString(),
        attempts,
        startSequence: settings.startSequence,
      };
    },

    async readCalls(tenantId, callIds) {
      return (await db.query<CallRow>(CALLS, [tenantId, callIds], 'calls_of_feed')).map(toCall);
    },

    async readAnalyzed(tenantId, callId, startSequence) {
      const [row] = await db.query<AnalyzedRow>(
        ANALYZED,
        [tenantId, callId, startSequence],
        'analyzed_of_feed',
      );
      return row === undefined ? { transcripts: [], untold: null } : toAnalyzed(row);
    },

    async saveSent(tenantId, sent, reduced) {
      await db.execute(
        `UPDATE feeds SET sent = sent + $2, last_attempt_at = callbay_now(), last_sent_at = callbay_now(), failing_since = NULL,
                attempts = 0, last_code = NULL, last_message = NULL, reduced = reduced + coalesce($3, 0),
                reduced_at = CASE WHEN $3::bigint IS NULL THEN reduced_at ELSE callbay_now() END,
                reduced_example = coalesce($4, reduced_example)
          WHERE tenant_id = $1`,
        [tenantId, sent, reduced?.count ?? null, reduced?.example ?? null],
        'feed_sent',
      );
    },

    async saveFailed(tenantId, { code, message }) {
      await db.execute(
        `UPDATE feeds SET failing_since = coalesce(failing_since, callbay_now()), attempts = attempts + 1,
                last_attempt_at = callbay_now(), last_code = $2, last_message = $3
          WHERE tenant_id = $1`,
        [tenantId, code, message.slice(0, 500)],
      );
    },
  };
}
