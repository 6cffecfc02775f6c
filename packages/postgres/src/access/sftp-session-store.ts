import type { SftpSessionStore } from '@callbay/ingestion';
import { type Database, transact } from '../database/database.ts';

/** A node says every 5 seconds which of its sessions live; one that missed three turns is gone, and its sessions with it. */
const ALIVE = "seen_at > callbay_now() - interval '15 seconds'";
const FORGOTTEN = "seen_at < callbay_now() - interval '10 minutes'";

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('callbay.sftp-sessions ' || $1, 0))`;

const TAKE = `
INSERT INTO sftp_sessions (tenant_id, id, username, address, started_at, seen_at)
SELECT $1, $2, $3, $4, callbay_now(), callbay_now()
 WHERE (SELECT count(*) FROM sftp_sessions WHERE tenant_id = $1 AND ${ALIVE}) < $5`;

const KEEP = `
WITH forgotten AS (
  DELETE FROM sftp_sessions WHERE ${FORGOTTEN} AND id <> ALL ($2::uuid[])
)
INSERT INTO sftp_sessions (tenant_id, id, username, address, started_at, seen_at)
SELECT s.tenant_id, s.id, s.username, s.address, callbay_now(), callbay_now()
  FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) AS s(tenant_id, id, username, address)
  JOIN tenants t ON t.id = s.tenant_id
    ON CONFLICT (tenant_id, id) DO UPDATE SET seen_at = excluded.seen_at`;

export const createSftpSessionStore = (db: Database): SftpSessionStore => ({
  takePlace: ({ tenantId, sessionId, username, address }, limit) =>
    transact(db, async (tx) => {
      // Its own statement: what others took before the lock came is seen by the next one.
      await tx.execute(LOCK, [tenantId], 'lock-sftp-sessions');
      return (
        (await tx.execute(TAKE, [tenantId, sessionId, username, address, limit], 'take-sftp-session')) === 1
      );
    }),

  async keepAlive(sessions) {
    await db.execute(
      KEEP,
      [
        sessions.map(({ tenantId }) => tenantId),
        sessions.map(({ sessionId }) => sessionId),
        sessions.map(({ username }) => username),
        sessions.map(({ address }) => address),
      ],
      'keep-sftp-sessions',
    );
  },

  async givePlace(tenantId, sessionId) {
    await db.execute(
      'DELETE FROM sftp_sessions WHERE tenant_id = $1 AND id = $2',
      [tenantId, sessionId],
      'give-sftp-session',
    );
  },
});
