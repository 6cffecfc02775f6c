import type { TenantSettings } from '@callbay/contracts';
import { CallbayError, wantsConfirmation } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { countExpired } from './expired-calls.ts';

type DataRetention = TenantSettings['dataRetention'];

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
  const count = await countExpired(tx, tenantId, after);
  if (wantsConfirmation(count)) {
    throw new CallbayError(
      'CONFLICT',
      `This would remove ${count.removed} of ${count.calls} calls for good. Send it again with \`?confirm=true\` if that is meant.`,
    );
  }
}
