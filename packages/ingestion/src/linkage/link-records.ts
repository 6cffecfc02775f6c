import { judgeMatches } from '@callbay/core';
import { type AdvanceCallsDeps, advanceCalls } from '../calls/advance-calls.ts';
import type { PipelineLog } from '../ports.ts';
import { countOnTenants, runForTenant } from '../sweeps/each-tenant.ts';
import type { LinkageStore } from './ports.ts';

export interface LinkRecordsDeps extends AdvanceCallsDeps {
  readonly links: LinkageStore;
  readonly log: PipelineLog;
}

const BATCH = 500;

/**
 * Compares what waits since the last time: records that name no recording with recordings that rest elsewhere. Answers
 * how many neighbourhoods were compared. Source: C20.
 */
export async function sweepLinks(deps: LinkRecordsDeps): Promise<number> {
  let compared = 0;
  for (const tenantId of await deps.links.findTenantsToLink()) {
    // The records of a tenant that fails stay due.
    await runForTenant(deps.log, { tenantId }, 'records could not be compared with recordings', async () => {
      const starts = await deps.links.findDue(tenantId, BATCH);
      for (const startedAt of starts) await linkAround(deps, tenantId, startedAt);
      compared += starts.length;
    });
  }
  return compared;
}

async function linkAround(deps: LinkRecordsDeps, tenantId: string, startedAt: number): Promise<void> {
  const { callKeys, isCrowded } = await deps.links.linkAround(tenantId, startedAt, judgeMatches);
  if (isCrowded) {
    deps.log.warn(
      { tenantId, startedAt },
      'too many records or recordings wait at one time to compare them all',
    );
  }
  for (let first = 0; first < callKeys.length; first += BATCH) {
    await advanceCalls(deps, { tenantId, callKeys: callKeys.slice(first, first + BATCH) });
  }
}

/** Finds what `sweepLinks` has no mark of. */
export const sweepForgottenLinks = ({ links, log }: LinkRecordsDeps): Promise<number> =>
  countOnTenants({
    log,
    failure: 'forgotten records and recordings could not be found',
    listTenants: links.listTenants,
    work: (tenantIds) => links.findForgotten(tenantIds, 10 * BATCH),
  });
