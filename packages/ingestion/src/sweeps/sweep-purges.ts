import { type ClockReading, judgeClocks } from '@callbay/core';
import type { AlertStore } from '../alerts/ports.ts';
import type { BlobStore, PipelineLog } from '../ports.ts';
import { runForTenant, workForEachTenant } from './each-tenant.ts';
import { type ExpiredFile, type Slice, type SweepStore, WHOLE } from './ports.ts';

export interface PurgeDeps {
  readonly sweeps: SweepStore;
  readonly alerts: AlertStore;
  readonly blobs: Pick<BlobStore, 'remove'>;
  readonly log: PipelineLog;
}

/** Files of one question, and at most of one transaction. */
const BATCH = 500;
/** Files whose bytes are removed at the same time. */
const REMOVED_AT_ONCE = 16;
/** A tenant with so many files that cannot be purged is left out for this time. */
const MAX_FAILURES = 10;

/**
 * Purges the files of a slice whose 7 days are over, after warning of the unpaired ones a day before; stops, and alerts, where
 * clocks disagree. Goes on until none is left. Resolves to how many were purged. Source: C5, case 57.
 */
export async function sweepPurges(
  deps: PurgeDeps,
  clocks: Omit<ClockReading, 'databaseMs'>,
  { slice = WHOLE, signal }: { readonly slice?: Slice; readonly signal?: AbortSignal } = {},
): Promise<number> {
  const { sweeps, alerts, log } = deps;
  const reading = { ...clocks, databaseMs: (await sweeps.readClock()).getTime() };
  const doubt = judgeClocks(reading);
  await alerts.noteShared('CLOCKS_DISAGREE', doubt && `${doubt}.`);
  if (doubt) {
    log.error({ code: 'CLOCKS_DISAGREE', ...reading }, `nothing is purged: ${doubt}`);
    return 0;
  }
  if (slice.nth === 0) await warnOfPurges(deps);
  const failed = new Map<string, Set<string>>();
  const changed = new Set<string>();
  for (let done = 0; ; ) {
    if (signal?.aborted === true) return done;
    const found = await sweeps.findExpiredFiles(BATCH, {
      slice,
      exceptTenantIds: [...failed].flatMap(([id, { size }]) => (size < MAX_FAILURES ? [] : [id])),
      exceptFileIds: [...changed, ...[...failed.values()].flatMap((fileIds) => [...fileIds])],
    });
    if (found.length === 0) return done;
    for (const [tenantId, files] of Map.groupBy(found, (file) => file.tenantId)) {
      const failures = failed.get(tenantId) ?? new Set();
      done += await purgeOfTenant(deps, tenantId, files, { failures, changed });
      if (failures.size > 0) failed.set(tenantId, failures);
    }
  }
}

/**
 * Purges one tenant's files together. Where that fails each half is tried alone, down to the files that cannot be purged:
 * they are logged and added to `failures`. What is not as it was found is `changed`, and left for the next sweep.
 */
async function purgeOfTenant(
  deps: PurgeDeps,
  tenantId: string,
  found: readonly ExpiredFile[],
  { failures, changed }: { readonly failures: Set<string>; readonly changed: Set<string> },
): Promise<number> {
  let purged = 0;
  const parts = [found];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (failures.size >= MAX_FAILURES) break;
    const [first] = part;
    if (first === undefined) continue;
    try {
      const files = await deps.sweeps.purgeFiles(tenantId, part);
      purged += files.length;
      const gone = new Set(files.map(({ fileId }) => fileId));
      for (const { fileId } of part) if (!gone.has(fileId)) changed.add(fileId);
      await removeBytes(
        deps,
        tenantId,
        files.flatMap(({ blobKey }) => blobKey ?? []),
      );
    } catch (error) {
      const middle = Math.ceil(part.length / 2);
      if (part.length > 1) parts.push(part.slice(middle), part.slice(0, middle));
      else {
        failures.add(first.fileId);
        deps.log.error({ err: error, tenantId, fileId: first.fileId }, 'files could not be purged');
      }
    }
  }
  return purged;
}

/** What cannot be removed is logged: without a row it is an orphan, which its own sweep removes. */
async function removeBytes(
  { blobs, log }: PurgeDeps,
  tenantId: string,
  blobKeys: readonly string[],
): Promise<void> {
  for (let from = 0; from < blobKeys.length; from += REMOVED_AT_ONCE) {
    await Promise.all(
      blobKeys
        .slice(from, from + REMOVED_AT_ONCE)
        .map((blobKey) =>
          runForTenant(log, { tenantId, blobKey }, 'bytes of a purged file could not be removed', () =>
            blobs.remove(tenantId, blobKey),
          ),
        ),
    );
  }
}

async function warnOfPurges({ sweeps, log }: PurgeDeps): Promise<void> {
  await workForEachTenant({
    log,
    failure: 'held files could not be warned of their purge',
    find: (exceptTenantIds) => sweeps.findPurgesToWarnOf(BATCH, exceptTenantIds),
    work: async ({ tenantId }) => {
      const warned = await sweeps.warnOfPurges(tenantId, BATCH);
      if (warned > 0) log.warn({ tenantId, warned }, 'held files will be purged within a day');
      return warned > 0;
    },
  });
}
