import type { TenantSettings } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { Sql } from '../database.ts';

type DataRetention = TenantSettings['dataRetention'];

const MANY_CALLS = 100;

/**
 * Throws CONFLICT where a shorter data retention would remove over 100 calls and over half of all at once, for
 * somebody to confirm. Source: E5, case 57.
 */
export async function assertSmallPurge(
  tx: Sql,
  tenantId: string,
  before: DataRetention,
  after: DataRetention,
): Promise<void> {
  if (before.evaluatedDays === after.evaluatedDays && before.notEvaluatedDays === after.notEvaluatedDays)
    return;
  const [row] = await tx.query<{ all: number; removed: number }>(
    `SELECT count(*) AS all, count(*) FILTER (WHERE NOT legal_hold AND started_at < callbay_now() -
              make_interval(days => CASE WHEN evaluated THEN $2::int ELSE $3::int END)) AS removed
       FROM calls WHERE tenant_id = $1 AND status = 'surfaced'`,
    [tenantId, after.evaluatedDays, after.notEvaluatedDays],
  );
  const { all = 0, removed = 0 } = row ?? {};
  if (removed > MANY_CALLS && removed * 2 > all) {
    throw new CallbayError(
      'CONFLICT',
      `This would remove ${removed} of ${all} calls for good. Send it again with \`?confirm=true\` if that is meant.`,
    );
  }
}
