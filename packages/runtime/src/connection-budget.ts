import type { Config } from './config.ts';
import { ROLES, type RoleName } from './roles.ts';

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
export const ROLE_CONNECTIONS: Readonly<Record<RoleName, RoleConnections>> = {
  intake: { pool: 10, queue: 3, bulk: 0, imports: 0, listen: 1 },
  pipeline: { pool: 16, queue: 20, bulk: 5, imports: 3, listen: 1 },
  api: { pool: 10, queue: 3, bulk: 0, imports: 0, listen: 1 },
};

/** For migrations, `callbay doctor` and a person with psql. */
const SPARE_CONNECTIONS = 5;

/** How many processes of each role there are. */
export type ProcessCounts = Readonly<Record<RoleName, number>>;

type NodeConfig = Pick<Config, 'redisUrl' | 'intakeProcesses' | 'roles'>;

/** The processes that `callbay up` starts of this configuration. */
export function processesOf({ roles, intakeProcesses }: NodeConfig): ProcessCounts {
  const count = (role: RoleName): number => (roles.includes(role) ? 1 : 0);
  return { intake: count('intake') * intakeProcesses, pipeline: count('pipeline'), api: count('api') };
}

/**
 * How many Postgres connections an installation may take at most: this node, and the processes of `others` that use the
 * same database.
 */
export function connectionBudget(config: NodeConfig, others: Partial<ProcessCounts> = {}): number {
  const own = processesOf(config);
  const ofRole = (role: RoleName): number => {
    const { pool, queue, bulk, listen } = ROLE_CONNECTIONS[role];
    return (own[role] + (others[role] ?? 0)) * (pool + (config.redisUrl ? 0 : queue) + bulk + listen);
  };
  return ROLES.reduce((sum, role) => sum + ofRole(role), SPARE_CONNECTIONS);
}
