import type { Config } from './config.ts';

/** Postgres connections that one process of a role may hold at most. */
export interface RoleConnections {
  /** The pool of `packages/postgres`. */
  readonly pool: number;
  /** The queue's own, when it rests in Postgres. */
  readonly queue: number;
  /** For COPY and statements over millions of rows: CRM imports and batches. */
  readonly bulk: number;
  /** The most CRM imports at once: fewer than `bulk`, since a batch gives up after a minute without a connection. */
  readonly imports: number;
  /** Held open for notifications. */
  readonly listen: number;
}

/** What each role's composition root gives its pools; the one place where these numbers stand. */
export const ROLE_CONNECTIONS: Readonly<Record<'intake' | 'pipeline' | 'api', RoleConnections>> = {
  intake: { pool: 10, queue: 3, bulk: 0, imports: 0, listen: 1 },
  pipeline: { pool: 16, queue: 20, bulk: 5, imports: 3, listen: 1 },
  api: { pool: 10, queue: 3, bulk: 0, imports: 0, listen: 1 },
};

/** For migrations, `callbay doctor` and a person with psql. */
const SPARE_CONNECTIONS = 5;

/** How many Postgres connections this configuration may take at most, of one node. */
export function connectionBudget(config: Pick<Config, 'redisUrl' | 'intakeProcesses'>): number {
  const ofRole = ({ pool, queue, bulk, listen }: RoleConnections): number =>
    pool + (config.redisUrl ? 0 : queue) + bulk + listen;
  const { intake, pipeline, api } = ROLE_CONNECTIONS;
  return ofRole(intake) * config.intakeProcesses + ofRole(pipeline) + ofRole(api) + SPARE_CONNECTIONS;
}
