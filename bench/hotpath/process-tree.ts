import { readdir, readFile } from 'node:fs/promises';

/** CPU of one process since it started, and how often it was switched out. */
export interface ProcessUsage {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** User and system time of the process itself. */
  readonly ownMs: number;
  /** The same of all descendants that have ended and were waited for. */
  readonly endedMs: number;
  /** Voluntary and forced context switches of all threads. */
  readonly switches: number;
}

const MS_PER_TICK = 10;

/** Processes and threads end while their list is read. */
const orWhenGone =
  <T>(gone: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return gone;
    throw error;
  };

async function countSwitches(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(orWhenGone<string[]>([]));
  let switches = 0;
  for (const thread of threads) {
    const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(orWhenGone(''));
    for (const [, count] of status.matchAll(/_ctxt_switches:\s+(\d+)/g)) switches += Number(count);
  }
  return switches;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(orWhenGone<string[]>([]));
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(orWhenGone(''))),
  );
  return lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
}

async function readProcess(pid: number): Promise<ProcessUsage | null> {
  const [stat, command] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(orWhenGone('')),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(orWhenGone('')),
  ]);
  if (stat === '') return null;
  // The name in parentheses may hold spaces; the fields after it do not.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return {
    pid,
    parent: fields[1] ?? 0,
    command,
    ownMs: (user + system) * MS_PER_TICK,
    endedMs: (endedUser + endedSystem) * MS_PER_TICK,
    switches: await countSwitches(pid),
  };
}

/** A process and all its living descendants. */
export async function readTree(root: number): Promise<ProcessUsage[]> {
  const found: ProcessUsage[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const usage = await readProcess(pid);
    if (usage === null) continue;
    found.push(usage);
    open.push(...(await childrenOf(pid)));
  }
  return found;
}

/** Who uses CPU, in the order of the table. */
export const ROLES = ['intake', 'pipeline', 'pool', 'api', 'supervisor', 'postgres', 'redis'] as const;
export type Role = (typeof ROLES)[number];

export interface TreeUsage {
  readonly cpuMs: Readonly<Record<Role, number>>;
  readonly switches: number;
  /** CPU of each living process of Postgres. */
  readonly backends: ReadonlyMap<number, number>;
}

function roleOf(command: string): Role | null {
  for (const role of ['intake', 'pipeline', 'api'] as const)
    if (command.includes(`apps/${role}/`)) return role;
  return /bin\/postgres\0/.test(command) ? 'postgres' : null;
}

/**
 * Sums a product's processes by role. The children of the pipeline are the pool. `excluded` are backends of Postgres that
 * serve the benchmark itself.
 */
export async function readUsage(
  supervisorPid: number,
  excluded: ReadonlySet<number>,
  redisPid: number | null,
): Promise<TreeUsage> {
  const cpuMs: Record<Role, number> = {
    intake: 0,
    pipeline: 0,
    pool: 0,
    api: 0,
    supervisor: 0,
    postgres: 0,
    redis: 0,
  };
  const roles = new Map<number, Role>();
  const backends = new Map<number, number>();
  let switches = 0;
  // Parents come before their children.
  for (const each of await readTree(supervisorPid)) {
    const inherited = roles.get(each.parent);
    const own =
      inherited === undefined || inherited === 'supervisor'
        ? (roleOf(each.command) ?? 'supervisor')
        : inherited === 'pipeline'
          ? 'pool'
          : inherited;
    roles.set(each.pid, own);
    if (excluded.has(each.pid)) continue;
    cpuMs[own] += each.ownMs;
    cpuMs[own === 'pipeline' ? 'pool' : own] += each.endedMs;
    switches += each.switches;
    if (own === 'postgres') backends.set(each.pid, each.ownMs);
  }
  if (redisPid !== null) {
    const redis = await readProcess(redisPid);
    cpuMs.redis = redis?.ownMs ?? 0;
    switches += redis?.switches ?? 0;
  }
  return { cpuMs, switches, backends };
}
