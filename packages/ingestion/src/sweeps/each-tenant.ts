import type { PipelineLog } from '../ports.ts';

/** Something of a tenant that a sweep found to do. */
export interface OfTenant {
  readonly tenantId: string;
}

export interface TenantWork<T extends OfTenant> {
  readonly log: PipelineLog;
  /** Said in the log when the work fails for a tenant. */
  readonly failure: string;
  /** What there is to do now, but for these tenants. Empty where nothing is left. */
  readonly find: (exceptTenantIds: readonly string[]) => Promise<readonly T[]>;
  /** Answers whether it did something. */
  readonly work: (item: T) => Promise<boolean>;
}

/** Tenants of one page. */
const TENANTS = 100;
/** A tenant with so many failures is left out for this time. */
const MAX_FAILURES = 10;

/**
 * Works on what is found until nothing is left, or nothing more can be done. What fails is logged with its tenant and not
 * tried again this time; a tenant where much fails is left out, so that it keeps no other waiting. Answers how much was
 * done.
 */
export async function workForEachTenant<T extends OfTenant>({
  log,
  failure,
  find,
  work,
}: TenantWork<T>): Promise<number> {
  const failures = new Map<string, Set<string>>();
  const failuresOf = (tenantId: string): ReadonlySet<string> => failures.get(tenantId) ?? new Set();
  const leftOut = (): string[] =>
    [...failures].flatMap(([id, { size }]) => (size < MAX_FAILURES ? [] : [id]));
  for (let done = 0; ; ) {
    const before = { leftOut: leftOut(), done };
    for (const item of await find(before.leftOut)) {
      const { tenantId } = item;
      const key = JSON.stringify(item);
      const failed = failuresOf(tenantId);
      if (failed.size >= MAX_FAILURES || failed.has(key)) continue;
      const isGood = await runForTenant(log, { tenantId }, failure, async () => {
        if (await work(item)) done += 1;
      });
      if (!isGood) failures.set(tenantId, new Set([...failed, key]));
    }
    if (done === before.done && leftOut().length === before.leftOut.length) return done;
  }
}

/** Whose work it is, and what else names the work in the log: ids only. */
export interface Whose {
  readonly tenantId: string;
  readonly [id: string]: unknown;
}

/**
 * Runs one tenant's part of a sweep. A failure is logged with whose it was and does not reject, so that the sweep goes on
 * with the other tenants; the next sweep tries again. Resolves to whether the part succeeded.
 */
export async function runForTenant(
  log: PipelineLog,
  whose: Whose,
  failed: string,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    log.error({ err: error, ...whose }, failed);
    return false;
  }
}

/** Work that one statement does for many tenants. `work` answers for these tenants, or with null for all. */
export interface WorkOnTenants<Done> {
  readonly log: PipelineLog;
  /** Said in the log when the work fails for a tenant. */
  readonly failure: string;
  /** Tenants after an id, in order; null for the first ones. */
  readonly listTenants: (after: string | null, limit: number) => Promise<readonly string[]>;
  readonly work: (tenantIds: readonly string[] | null) => Promise<readonly Done[]>;
}

/**
 * Works on all tenants by one statement. Where that fails, parts of the tenants are tried, so that one tenant's rows keep no
 * other tenant's waiting; see `askForTenants`. Throws where the tenants cannot be listed: the database is unavailable.
 */
export async function workOnTenants<Done>({
  log,
  failure,
  listTenants,
  work,
}: WorkOnTenants<Done>): Promise<Done[]> {
  try {
    return [...(await work(null))];
  } catch (error) {
    log.warn({ err: error }, `${failure}: each tenant is tried by itself`);
  }
  const done: Done[] = [];
  for (let after: string | null = null; ; ) {
    const tenantIds: readonly string[] = await listTenants(after, TENANTS);
    done.push(...(await askForTenants(log, tenantIds, failure, work)));
    after = tenantIds.at(-1) ?? null;
    if (tenantIds.length < TENANTS) return done;
  }
}

/** The same for work that only counts. */
export async function countOnTenants({
  work,
  ...rest
}: Omit<WorkOnTenants<number>, 'work'> & {
  readonly work: (tenantIds: readonly string[] | null) => Promise<number>;
}): Promise<number> {
  const counts = await workOnTenants({ ...rest, work: async (tenantIds) => [await work(tenantIds)] });
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * Asks one question about many tenants at once. Where that fails, each half is asked alone, down to the tenant whose rows
 * make the statement fail: that tenant is logged and absent from the answer. One failing tenant of 100 costs 14 more
 * questions.
 */
export async function askForTenants<Answer>(
  log: PipelineLog,
  tenantIds: readonly string[],
  failed: string,
  ask: (tenantIds: readonly string[]) => Promise<readonly Answer[]>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const parts = [tenantIds];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [tenantId] = part;
    if (tenantId === undefined) continue;
    try {
      answers.push(...(await ask(part)));
    } catch (error) {
      if (part.length === 1) log.error({ err: error, tenantId }, failed);
      const middle = Math.ceil(part.length / 2);
      if (part.length > 1) parts.push(part.slice(middle), part.slice(0, middle));
    }
  }
  return answers;
}
