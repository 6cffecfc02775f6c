import type { DataRetention, DeletionReason } from '@callbay/core';
import type { Sql } from '../database/database.ts';

/** Visible calls, and complete ones that wait for go live: both are somebody's data. */
const STATUSES = ['surfaced', 'ready'] as const;

/** A call that is older than its age. */
export interface ExpiredCall {
  readonly call_key: string;
  readonly call_id: number | null;
  readonly reason: DeletionReason;
  readonly started_at: Date;
}

interface Class {
  readonly evaluated: boolean;
  readonly days: number | null;
  readonly reason: DeletionReason;
}

const classesOf = ({ evaluatedDays, notEvaluatedDays }: DataRetention): Class[] => [
  { evaluated: true, days: evaluatedDays, reason: 'EVALUATED_EXPIRED' },
  { evaluated: false, days: notEvaluatedDays, reason: 'NOT_EVALUATED_EXPIRED' },
];

/** Of one class: an index holds exactly these rows. Hours, since a day of the session's time zone may have 23. */
const EXPIRED = `tenant_id = $1 AND status = $2 AND status <> 'empty' AND evaluated = $3 AND legal_hold = $4
  AND started_at < callbay_now() - make_interval(hours => $5 * 24)`;

const conditionsOf = (retention: DataRetention) =>
  classesOf(retention).flatMap(({ evaluated, days, reason }) =>
    days === null ? [] : STATUSES.map((status) => ({ status, evaluated, days, reason })),
  );

/** The oldest calls that the policy removes; with `callKeys`, which of these it does. */
export async function findExpired(
  sql: Sql,
  tenantId: string,
  retention: DataRetention,
  limit: number,
  callKeys: readonly string[] | null = null,
): Promise<ExpiredCall[]> {
  const found: ExpiredCall[] = [];
  for (const { status, evaluated, days, reason } of conditionsOf(retention)) {
    const rows = await sql.query<Omit<ExpiredCall, 'reason'>>(
      `SELECT call_key, call_id, started_at FROM calls
        WHERE ${EXPIRED} AND ($6::text[] IS NULL OR call_key = ANY($6)) ORDER BY started_at LIMIT $7`,
      [tenantId, status, evaluated, false, days, callKeys, limit],
    );
    found.push(...rows.map((row) => ({ ...row, reason })));
  }
  return found.sort((a, b) => a.started_at.getTime() - b.started_at.getTime()).slice(0, limit);
}

export interface ExpiredCount {
  readonly calls: number;
  readonly evaluated: number;
  readonly notEvaluated: number;
  readonly keptByLegalHold: number;
  readonly removed: number;
}

/** How many calls there are, and how many of them the policy removes. */
export async function countExpired(
  sql: Sql,
  tenantId: string,
  retention: DataRetention,
): Promise<ExpiredCount> {
  const count = async (where: string, values: readonly unknown[]): Promise<number> => {
    const text = `SELECT count(*) AS count FROM calls WHERE ${where}`;
    const [row] = await sql.query<{ count: number }>(text, values);
    return row?.count ?? 0;
  };
  const of = { evaluated: 0, notEvaluated: 0, keptByLegalHold: 0 };
  for (const { status, evaluated, days } of conditionsOf(retention)) {
    of[evaluated ? 'evaluated' : 'notEvaluated'] += await count(EXPIRED, [
      tenantId,
      status,
      evaluated,
      false,
      days,
    ]);
    of.keptByLegalHold += await count(EXPIRED, [tenantId, status, evaluated, true, days]);
  }
  const calls = await count("tenant_id = $1 AND status = ANY($2) AND status <> 'empty'", [
    tenantId,
    STATUSES,
  ]);
  return { ...of, calls, removed: of.evaluated + of.notEvaluated };
}
