import type { AnalyzedUtterance, CallEventData } from '@callbay/core';
import type { FeedStore, KnownFeedCall } from '@callbay/ingestion';
import type { SecretSealer } from '../access/host-keys.ts';
import { stemOfKey } from '../calls/facts-of-rows.ts';
import type { Database } from '../database/database.ts';
import { connectionOf, type StoredFeed, unsealPassword } from './feed-rows.ts';

const CALLS = `
  SELECT c.call_id AS "callId", c.call_key AS "callKey", c.media ->> 'name' AS name, c.direction, c.user_id AS "user",
         c.started_at AS "startedAt", c.ended_at AS "endedAt", c.duration_seconds AS "durationSeconds", c.fields, c.raw,
         c.mapping_version AS "mappingVersion", c.warnings,
         NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.call_key = c.call_key AND o.type = 'call.surfaced'
                        AND o.seq > $3) AS "isUntold"
    FROM calls c WHERE c.tenant_id = $1 AND c.call_id = ANY($2) AND c.status = 'surfaced'`;

interface CallRow extends Omit<CallEventData, 'changed' | 'startedAt' | 'endedAt'> {
  readonly callId: number;
  readonly callKey: string;
  readonly name: string | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly isUntold: boolean;
}

const toCall = ({
  callId,
  callKey,
  name,
  startedAt,
  endedAt,
  isUntold,
  ...content
}: CallRow): KnownFeedCall => ({
  callId,
  externalId: name ?? stemOfKey(callKey),
  direction: content.direction,
  user: content.user,
  isUntold,
  content: {
    ...content,
    changed: {},
    startedAt: startedAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
  },
});

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

    async readCalls(tenantId, callIds, startSequence) {
      const rows = await db.query<CallRow>(CALLS, [tenantId, callIds, startSequence], 'calls_of_feed');
      return rows.map(toCall);
    },

    async readTranscript(tenantId, callId) {
      const [row] = await db.query<{ transcripts: AnalyzedUtterance[] | null }>(
        `SELECT a.body -> 'Transcripts' AS transcripts FROM calls c
           JOIN call_analyses a ON a.tenant_id = c.tenant_id AND a.call_key = c.call_key
          WHERE c.tenant_id = $1 AND c.call_id = $2`,
        [tenantId, callId],
        'transcript_of_feed',
      );
      return row?.transcripts ?? [];
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
