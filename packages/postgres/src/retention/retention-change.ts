import type { TenantSettings } from '@callbay/contracts';
import { CallbayError, DATA_RETENTION_GRACE_HOURS, isShorter, wantsConfirmation } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { countExpired } from './expired-calls.ts';

type DataRetention = TenantSettings['dataRetention'];

/** Throws CONFLICT where a change of the data retention would delete calls, for somebody to confirm. Source: E5, case 57. */
export async function assertSmallPurge(
  tx: Sql,
  tenantId: string,
  before: DataRetention,
  after: DataRetention,
): Promise<void> {
  if (before.evaluatedDays === after.evaluatedDays && before.notEvaluatedDays === after.notEvaluatedDays)
    return;
  const count = await countExpired(tx, tenantId, after);
  if (wantsConfirmation(count)) {
    throw new CallbayError(
      'CONFLICT',
      `This would delete ${count.removed} of ${count.calls} calls for good, ${DATA_RETENTION_GRACE_HOURS} hours after the change. Look at \`GET …/data-retention/preview\`, then send it again with \`?confirm=true\` if that is meant.`,
    );
  }
}

/** Starts the time in which a shorter data retention deletes nothing yet. A longer one leaves it as it is. */
export async function startGrace(
  tx: Sql,
  tenantId: string,
  before: DataRetention,
  after: DataRetention,
): Promise<void> {
  if (!isShorter(before, after)) return;
  await tx.execute(
    `UPDATE tenants SET data_retention_from = callbay_now() + make_interval(hours => $2) WHERE id = $1`,
    [tenantId, DATA_RETENTION_GRACE_HOURS],
  );
}
