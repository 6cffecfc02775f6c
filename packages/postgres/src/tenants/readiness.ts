import type { Readiness, Stage, TenantSettings } from '@callbay/contracts';
import { DEFAULT_SETTINGS, findReadiness, isReady, isUnpairedHold, readinessChecks } from '@callbay/core';
import type { Database } from '../database/database.ts';
import { readReadinessFacts } from './readiness-facts.ts';

interface Row {
  stage: Stage;
  timeZone: string | null;
  settings: Partial<TenantSettings>;
  mappingVersion: number | null;
  users: number;
  files: number;
  held: number;
  rejected: number;
  readyCalls: number;
  surfacedCalls: number;
  distinctUsers: number;
  unpairedRecordings: number;
  unpairedMetadata: number;
}

const READINESS = `
  SELECT t.stage, t.time_zone AS "timeZone", t.settings,
         (SELECT max(version) FROM mapping_versions WHERE tenant_id = t.id AND kind = 'call') AS "mappingVersion",
         (SELECT count(*) FROM sftp_users WHERE tenant_id = t.id) AS users,
         f.files, f.held, f.rejected, f."unpairedRecordings", f."unpairedMetadata", c."readyCalls", c."surfacedCalls",
         (SELECT count(*) FROM (SELECT DISTINCT user_id FROM calls
           WHERE tenant_id = t.id AND status IN ('ready', 'surfaced') AND user_id IS NOT NULL) u) AS "distinctUsers"
    FROM tenants t,
         LATERAL (SELECT count(*) AS files,
                         count(*) FILTER (WHERE state = 'held') AS held,
                         count(*) FILTER (WHERE state = 'rejected') AS rejected,
                         count(*) FILTER (WHERE state = 'held' AND outcome_code = 'NO_METADATA') AS "unpairedRecordings",
                         count(*) FILTER (WHERE state = 'held' AND outcome_code = 'NO_RECORDING') AS "unpairedMetadata"
                    FROM files WHERE tenant_id = t.id AND purged_at IS NULL) f,
         LATERAL (SELECT count(*) FILTER (WHERE status = 'ready') AS "readyCalls",
                         count(*) FILTER (WHERE status = 'surfaced') AS "surfacedCalls"
                    FROM calls WHERE tenant_id = t.id) c
   WHERE t.id = $1`;

const REJECTED_BY_CODE = `
  SELECT outcome_code AS code, count(*) AS count FROM files
   WHERE tenant_id = $1 AND state = 'rejected' AND purged_at IS NULL AND outcome_code IS NOT NULL
   GROUP BY outcome_code ORDER BY outcome_code`;

/** What keeps a tenant from going live, over the files that are in its drop now. Null without such a tenant. */
export async function readReadiness(db: Database, tenantId: string): Promise<Readiness | null> {
  const [row] = await db.query<Row>(READINESS, [tenantId]);
  if (row === undefined) return null;
  const rejected = await db.query<{ code: string; count: number }>(REJECTED_BY_CODE, [tenantId]);
  const facts = await readReadinessFacts(db, tenantId, {
    timeZone: row.timeZone,
    settings: { ...DEFAULT_SETTINGS, ...row.settings } as TenantSettings,
    mappingVersion: row.mappingVersion,
    sftpUsers: row.users,
    completeCalls: row.readyCalls + row.surfacedCalls,
  });
  const sum = (groups: readonly { count: number }[]): number =>
    groups.reduce((all, group) => all + group.count, 0);
  const rows = {
    held: sum(facts.heldRows),
    rejected: sum(facts.rejectedRows),
    unpaired: sum(facts.heldRows.filter(({ code }) => isUnpairedHold(code))),
  };
  const checks = readinessChecks({
    timeZone: row.timeZone,
    mappingVersion: row.mappingVersion,
    sftpUsers: row.users,
    completeCalls: row.readyCalls + row.surfacedCalls,
    rejected: row.rejected + rows.rejected,
    unpaired: row.unpairedRecordings + row.unpairedMetadata + rows.unpaired,
  });
  const { files, held, unpairedRecordings, unpairedMetadata, readyCalls, surfacedCalls, distinctUsers } = row;
  return {
    stage: row.stage,
    isReady: isReady(checks),
    checks,
    counts: {
      files,
      held,
      rejected: row.rejected,
      unpairedRecordings,
      unpairedMetadata,
      readyCalls,
      surfacedCalls,
      distinctUsers,
      heldRows: rows.held,
      rejectedRows: rows.rejected,
    },
    rejectedByCode: Object.fromEntries(rejected.map(({ code, count }) => [code, count])),
    findings: findReadiness(facts).map((finding) => ({ ...finding, examples: [...finding.examples] })),
  };
}
