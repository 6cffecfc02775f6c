import { QUOTA_NEAR_SHARE, SHARED_ALERTS, STALLED_AFTER_MS } from '@callbay/core';
import type { AlertStore } from '@callbay/ingestion';
import { intervalSql, listSql } from '../database/constants.ts';
import type { Database } from '../database/database.ts';
import { isOpenSql, isSetAsideSql } from '../database/state-conditions.ts';

const OF_TENANT = 'tenant_id = t.id';
const hour = "$3::timestamptz - interval '1 hour'";

/** Each is true where a fact of `judgeAlerts` may be other than none, from the first row of an index. */
const MAY_FIND = [
  `EXISTS (SELECT FROM files WHERE ${OF_TENANT} AND ${isOpenSql('')} AND purged_at IS NULL AND received_at < ${hour})`,
  `EXISTS (SELECT FROM files WHERE ${OF_TENANT} AND ${isSetAsideSql('')})`,
  `EXISTS (SELECT FROM call_records WHERE ${OF_TENANT} AND is_batch_row AND ${isOpenSql('')})`,
  `EXISTS (SELECT FROM files WHERE ${OF_TENANT} AND state IN ('done', 'rejected') AND received_at > ${hour})`,
  `t.data_retention_from > $3`,
  `EXISTS (SELECT FROM tenant_storage s JOIN tenant_counters c ON c.tenant_id = s.tenant_id AND c.name = 'receive'
            WHERE s.tenant_id = t.id AND s.stored_bytes + c.bytes - s.received_bytes
                  >= (t.settings ->> 'storageQuotaBytes')::bigint * ${QUOTA_NEAR_SHARE})`,
  `EXISTS (SELECT FROM daily_reconciliations WHERE ${OF_TENANT} AND unaccounted > 0
              AND day > ($3::timestamptz - interval '31 days')::date)`,
  `EXISTS (SELECT FROM event_cursors c, LATERAL (SELECT created_at FROM outbox
                                                  WHERE tenant_id = c.tenant_id AND seq > c.seq ORDER BY seq LIMIT 1) o
            WHERE c.tenant_id = t.id AND o.created_at < $3::timestamptz - ${intervalSql(STALLED_AFTER_MS)})`,
  `EXISTS (SELECT FROM webhooks WHERE ${OF_TENANT} AND state = 'disabled')`,
  `EXISTS (SELECT FROM feeds WHERE ${OF_TENANT} AND reduced_at > $3::timestamptz - interval '1 day')`,
];

const IS_LATE = `t.stage = 'live' AND $3::timestamptz > make_interval(mins => coalesce((t.settings ->> 'feedExpectedEveryMinutes')::int, 60))
  + coalesce((SELECT received_at FROM files WHERE ${OF_TENANT} ORDER BY receive_seq DESC LIMIT 1), t.updated_at)`;

/**
 * A tenant whose only alert is that nothing comes keeps it as it is, until something comes or somebody changes the tenant.
 * Any other open alert is judged: its reason may be gone.
 */
const TENANTS_TO_JUDGE = `
SELECT t.id FROM tenants t
       LEFT JOIN alerts late ON late.tenant_id = t.id AND late.is_open AND late.kind = 'FEED_LATE'
 WHERE ($1::text IS NULL OR t.id > $1)
   AND (t.stage <> 'suspended' AND (${MAY_FIND.join('\n    OR ')})
     OR EXISTS (SELECT FROM alerts WHERE ${OF_TENANT} AND is_open AND kind NOT IN (${listSql(['FEED_LATE', ...SHARED_ALERTS])}))
     OR (${IS_LATE}) <> (late.id IS NOT NULL)
     OR late.updated_at < t.updated_at)
 ORDER BY t.id LIMIT $2`;

/** See `AlertStore.findTenantsToJudge`. The time is asked first: a clock inside the statement would use no index. */
export const findTenantsToJudge =
  (db: Database): AlertStore['findTenantsToJudge'] =>
  async (after, limit) => {
    const [clock] = await db.query<{ now: Date }>('SELECT callbay_now() AS now');
    const rows = await db.query<{ id: string }>(TENANTS_TO_JUDGE, [after, limit, clock!.now]);
    return rows.map(({ id }) => id);
  };
