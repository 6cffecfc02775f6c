import { AUDIT_KEPT_MS } from '@callbay/core';
import { intervalSql } from '../database/constants.ts';
import type { Database } from '../database/database.ts';

/** See `SweepStore.trimAudit`. */
export const trimAudit = (db: Database, limit: number): Promise<number> =>
  db.execute(
    `DELETE FROM audit_log WHERE id IN (
       SELECT id FROM audit_log WHERE at < (SELECT callbay_now()) - ${intervalSql(AUDIT_KEPT_MS)} ORDER BY at LIMIT $1)`,
    [limit],
    'trim-audit',
  );
