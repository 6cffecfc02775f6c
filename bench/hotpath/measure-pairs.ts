import { setTimeout as pause } from 'node:timers/promises';
import type { ServerCounters, ServerProbe, ServerReading, StatementCounters } from '@callbay/testkit';
import { type RunningProduct, until } from '@callbay/testkit';
import { ROLES, type Role, readUsage, type TreeUsage } from './process-tree.ts';
import { type SendingTenant, sendPairs } from './send-pairs.ts';

/** A backend reports its counts within 10 s of its last transaction. */
export const FLUSH_MS = 11_000;
const SURFACING_LIMIT_MS = 20 * 60_000;

/** What runs on this machine for one measurement. */
export interface Measured {
  readonly product: RunningProduct;
  readonly probe: ServerProbe;
  readonly redisPid: number | null;
}

export interface Reading {
  readonly atMs: number;
  readonly usage: TreeUsage;
  readonly server: ServerReading;
}

export async function read({ product, probe, redisPid }: Measured): Promise<Reading> {
  const server = await probe.read();
  return {
    atMs: performance.now(),
    usage: await readUsage(product.supervisorPid, probe.pids, redisPid),
    server,
  };
}

/** The difference of two readings, each figure for a second or for a pair. */
export interface Figures {
  readonly cpuMs: Readonly<Record<Role, number>>;
  readonly totalCpuMs: number;
  /** CPU of Postgres by application or kind of process. */
  readonly postgresCpuMs: ReadonlyMap<string, number>;
  readonly counters: ServerCounters;
  readonly switches: number;
}

const mapRoles = (of: (role: Role) => number): Record<Role, number> =>
  Object.fromEntries(ROLES.map((role) => [role, of(role)])) as Record<Role, number>;

function mapCounters(of: (name: keyof ServerCounters) => number, like: ServerCounters): ServerCounters {
  const names = Object.keys(like) as (keyof ServerCounters)[];
  return Object.fromEntries(names.map((name) => [name, of(name)])) as unknown as ServerCounters;
}

function postgresByName(before: Reading, after: Reading, divisor: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const [pid, cpuMs] of after.usage.backends) {
    const name = after.server.processes.get(pid) ?? 'postmaster';
    const used = (cpuMs - (before.usage.backends.get(pid) ?? 0)) / divisor;
    found.set(name, (found.get(name) ?? 0) + used);
  }
  return found;
}

export function compare(before: Reading, after: Reading, divisor: number): Figures {
  const cpuMs = mapRoles((role) => (after.usage.cpuMs[role] - before.usage.cpuMs[role]) / divisor);
  return {
    cpuMs,
    totalCpuMs: Object.values(cpuMs).reduce((total, each) => total + each, 0),
    postgresCpuMs: postgresByName(before, after, divisor),
    counters: mapCounters(
      (name) => (after.server.counters[name] - before.server.counters[name]) / divisor,
      after.server.counters,
    ),
    switches: (after.usage.switches - before.usage.switches) / divisor,
  };
}

/** What is left of `figures` without what an idle product uses in so many seconds. */
function without(figures: Figures, idlePerSecond: Figures, seconds: number): Figures {
  const cpuMs = mapRoles((role) => figures.cpuMs[role] - idlePerSecond.cpuMs[role] * seconds);
  return {
    cpuMs,
    totalCpuMs: figures.totalCpuMs - idlePerSecond.totalCpuMs * seconds,
    postgresCpuMs: figures.postgresCpuMs,
    counters: mapCounters(
      (name) => figures.counters[name] - idlePerSecond.counters[name] * seconds,
      figures.counters,
    ),
    switches: figures.switches - idlePerSecond.switches * seconds,
  };
}

/** What an idle product uses in a second, measured over so many milliseconds. */
export async function measureIdle(
  measured: Measured,
  forMs: number,
): Promise<{ end: Reading; perSecond: Figures }> {
  const before = await read(measured);
  await pause(forMs);
  const end = await read(measured);
  return { end, perSecond: compare(before, end, (end.atMs - before.atMs) / 1_000) };
}

export interface PairsMeasurement {
  readonly perPair: Figures;
  readonly idlePerSecond: Figures;
  /** CPU of this process: the clients. */
  readonly clientCpuMs: number;
  readonly pairsPerSecond: number;
  /** From the last acknowledged upload to the last surfaced call. */
  readonly lagMs: number;
  readonly rowsPerPair: ReadonlyMap<string, number>;
  readonly statements: readonly StatementCounters[];
}

/** Rows inserted into each of our own tables that a pair writes to. */
function rowsPerPair(before: Reading, after: Reading, pairs: number): Map<string, number> {
  const earlier = new Map(before.server.tables.map(({ name, inserted }) => [name, inserted]));
  const found = new Map<string, number>();
  for (const { name, inserted, schema } of after.server.tables) {
    const perPair = (inserted - (earlier.get(name) ?? 0)) / pairs;
    if (schema === 'public' && perPair >= 0.5) found.set(name, perPair);
  }
  return found;
}

function statementsPerPair(before: Reading, after: Reading, pairs: number): StatementCounters[] {
  const known = new Map(before.server.statements.map((each) => [each.id, each]));
  return after.server.statements
    .map((each) => {
      const earlier = known.get(each.id);
      return {
        id: each.id,
        text: each.text,
        calls: (each.calls - (earlier?.calls ?? 0)) / pairs,
        elapsedMs: (each.elapsedMs - (earlier?.elapsedMs ?? 0)) / pairs,
        buffers: (each.buffers - (earlier?.buffers ?? 0)) / pairs,
        walBytes: (each.walBytes - (earlier?.walBytes ?? 0)) / pairs,
      };
    })
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.elapsedMs - a.elapsedMs);
}

/** Waits until so many calls of the tenant have surfaced. */
export async function awaitSurfaced({ probe }: Measured, tenantId: string, count: number): Promise<void> {
  await until(
    'every pair surfaced',
    async () => (await probe.countSurfaced(tenantId)) >= count,
    SURFACING_LIMIT_MS,
  );
}

/**
 * Sends so many pairs and waits until all have surfaced. Everything that runs before their last backend has reported its
 * counts is theirs, but for what the product uses when idle, which is measured first.
 */
export async function measurePairs(
  measured: Measured,
  tenant: SendingTenant,
  from: number,
  pairs: number,
  idleMs: number,
): Promise<PairsMeasurement> {
  await pause(FLUSH_MS);
  const { end: before, perSecond } = await measureIdle(measured, idleMs);
  const surfacedBefore = await measured.probe.countSurfaced(tenant.tenantId);
  const client = process.cpuUsage();
  const startedAt = Date.now();
  const lastUploadAt = await sendPairs(tenant, from, pairs);
  const { user, system } = process.cpuUsage(client);
  await awaitSurfaced(measured, tenant.tenantId, surfacedBefore + pairs);
  await pause(FLUSH_MS);
  const after = await read(measured);
  const [last] = await measured.probe.query<{ at: Date }>(
    'SELECT max(surfaced_at) AS at FROM calls WHERE tenant_id = $1',
    [tenant.tenantId],
  );
  const lastSurfacedAt = last!.at.getTime();
  const seconds = (after.atMs - before.atMs) / 1_000;
  return {
    perPair: without(compare(before, after, pairs), perSecond, seconds / pairs),
    idlePerSecond: perSecond,
    clientCpuMs: (user + system) / 1_000 / pairs,
    pairsPerSecond: (pairs * 1_000) / (lastSurfacedAt - startedAt),
    lagMs: Math.max(0, lastSurfacedAt - lastUploadAt),
    rowsPerPair: rowsPerPair(before, after, pairs),
    statements: statementsPerPair(before, after, pairs),
  };
}
