import type { S3EventStore } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';

/** Postgres takes no NUL in text, and an event with one is junk in any case. */
const storable = (body: string): string => body.replaceAll('\0', '');

/** Pushed events as they come in. */
export function createS3EventStore(db: Database): S3EventStore {
  return {
    isWebhook: async (tokenDigest) =>
      (await db.query('SELECT FROM s3_drops WHERE token_digest = $1', [tokenDigest], 'find_s3_webhook'))
        .length > 0,
    keepEvent: async (tokenDigest, body) =>
      (await db.execute(
        `INSERT INTO s3_events (tenant_id, body, received_at, due_at)
         SELECT tenant_id, $2, callbay_now(), callbay_now() FROM s3_drops WHERE token_digest = $1`,
        [tokenDigest, storable(body)],
        'keep_s3_event',
      )) > 0,
  };
}
