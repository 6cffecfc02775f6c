import { DROP_RETENTION_MS, SEEN_RETENTION_MS } from '@callbay/core';
import { intervalSql } from '../database/constants.ts';

/** `purgeAtOf` of core in SQL. GREATEST passes over NULL. `of` is the alias of `files` with its dot, or empty. */
export const purgeAtSql = (of: string): string =>
  `greatest(${of}received_at + ${intervalSql(DROP_RETENTION_MS)}, ${of}seen_at + ${intervalSql(SEEN_RETENTION_MS)})`;

/** Whether that instant is over by `lateMs`, in terms that an index on `received_at` knows. */
export const isExpiredSql = (of: string, lateMs = 0): string =>
  // In a sub-select the clock is read once for the statement, so that an index on `received_at` knows the bound.
  `(${of}received_at <= (SELECT callbay_now()) - ${intervalSql(DROP_RETENTION_MS + lateMs)}
    AND (${of}seen_at IS NULL OR ${of}seen_at <= (SELECT callbay_now()) - ${intervalSql(SEEN_RETENTION_MS + lateMs)}))`;
