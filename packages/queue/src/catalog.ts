import { createHash } from 'node:crypto';
import { z } from 'zod';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Attempts at 0, 0.5, 1.5, 3.5 s and so on to about a minute; after the last the sweeps make the job again. */
const PATIENT = { attempts: 8, backoffMs: 500 };

/**
 * Every job there is: what its payload holds (ids, never content), how often it is tried, the delay that doubles from
 * one attempt to the next, and how long one attempt may take. `keyOf` says which jobs are the same job.
 */
export const CATALOG = {
  /**
   * Read what waits in a tenant's lane. A batch of 2 GiB has 71 minutes of its own to be read, after it was fetched from a
   * bucket and hashed.
   */
  'tenant.read': {
    payload: z.object({ tenantId: z.string().min(1), lane: z.enum(['group', 'alone']) }),
    keyOf: ({ lane }: { lane: string }) => lane,
    timeoutMs: 120 * MINUTE,
    ...PATIENT,
  },
  /** Import a tenant's next CRM file of one type: millions of rows in one transaction. */
  'crm.import': {
    payload: z.object({ tenantId: z.string().min(1), type: z.string().min(1) }),
    keyOf: ({ type }: { type: string }) => type,
    timeoutMs: 60 * MINUTE,
    ...PATIENT,
  },
} as const;

export type JobName = keyof typeof CATALOG;
export type JobPayload<Name extends JobName> = z.infer<(typeof CATALOG)[Name]['payload']>;

/** One job to do. */
export type Job = { [Name in JobName]: { readonly name: Name; readonly payload: JobPayload<Name> } }[JobName];

const isJobName = (name: string): name is JobName => Object.hasOwn(CATALOG, name);

/**
 * The job that a name and an unchecked payload stand for. Throws a ZodError or TypeError for what is not in the
 * catalog.
 */
export function parseJob(name: string, payload: unknown): Job {
  if (!isJobName(name)) throw new TypeError(`${name} is not a job of the catalog`);
  return { name, payload: CATALOG[name].payload.parse(payload) } as Job;
}

/** The same for the same job of the same tenant, and for no other. */
export function jobKey(job: Job): string {
  const key = keyOf(job);
  const parts = JSON.stringify([job.payload.tenantId, key, job.name]);
  return `j${createHash('sha256').update(parts).digest('hex').slice(0, 40)}`;
}

function keyOf(job: Job): string {
  switch (job.name) {
    case 'tenant.read':
      return CATALOG[job.name].keyOf(job.payload);
    case 'crm.import':
      return CATALOG[job.name].keyOf(job.payload);
    default:
      throw job satisfies never;
  }
}
