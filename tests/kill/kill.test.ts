import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { isRedisInstalled, type RunningProduct, startProduct, startRedis, until } from '@callbay/testkit';
import { expect, onTestFailed, test } from 'vitest';
import { makeLoad, Sender } from './sender.ts';

/** More of both for a long run. */
const PAIRS = Number(process.env.KILL_PAIRS ?? 120);
const KILLS = Number(process.env.KILLS ?? 8);
const CONNECTIONS = 4;
/** A kill comes at a random moment within this time after a random acknowledgement: groups take about as long. */
const MOMENT_MS = 150;
/** Of the product's own words, shown when something went wrong. */
const LOG_LINES = 80;
const SETTLE_LIMIT_MS = 180_000;
const LIMIT_MS = SETTLE_LIMIT_MS + 60_000 + KILLS * 20_000;
/** What is killed, and what the log says once another one serves. */
const SERVES = {
  intake: 'sftp serves',
  pipeline: 'pipeline works',
  postgres: 'the embedded Postgres is back',
} as const;
type Part = keyof typeof SERVES;
type Target = Part | 'supervisor';
const TARGETS: readonly Target[] = ['intake', 'pipeline', 'postgres', 'supervisor'];
const QUEUES = ['postgres', 'redis'] as const;
const TENANT = 'kill';
const PATH = `/v1/tenants/${TENANT}`;

interface Kill {
  readonly target: Target;
  readonly at: number;
  /** Files that the client had opened, and no answer to their CLOSE. */
  readonly transfers: number;
  /** What a killed supervisor left running. */
  readonly orphans: readonly number[];
}
interface File {
  readonly id: string;
  readonly name: string;
  readonly sha256: string | null;
  readonly state: string;
  readonly receivedAt: string;
  readonly callId: number | null;
  readonly outcome: { readonly code: string } | null;
}
interface Call {
  readonly callId: number;
  readonly revision: number;
  readonly surfacedAt: string;
  readonly media: { readonly name: string; readonly sha256: string };
}
interface Explanation {
  readonly steps: readonly { readonly step: string }[];
}

const random = (below: number): number => Math.floor(Math.random() * below);

const startsOf = (product: RunningProduct, target: Part): number =>
  product.log().split(SERVES[target]).length;

async function killPart(product: RunningProduct, target: Part): Promise<void> {
  const pid = await until(`a ${target} to kill`, async () => (await product.pids())[target], 30_000);
  const starts = startsOf(product, target);
  process.kill(pid, 'SIGKILL');
  await until(`another ${target} that serves`, async () => startsOf(product, target) > starts, 60_000);
}

/** Kills one process with SIGKILL and waits until the next one serves. */
async function killOne(product: RunningProduct, target: Target, sender: Sender): Promise<Kill> {
  const pids = target === 'supervisor' ? Object.values(await product.pids()) : [];
  const orphans = pids.filter((pid) => pid !== undefined);
  const kill = { target, at: Date.now(), transfers: sender.inFlight, orphans };
  await (target === 'supervisor' ? product.killSupervisor() : killPart(product, target));
  return kill;
}

/** Sends the load in as many parts as there are kills, and kills somebody at a random moment of each part. */
async function sendUnderFire(product: RunningProduct, sender: Sender): Promise<Kill[]> {
  const later = makeLoad(PAIRS);
  const queue: typeof later = [];
  const senders = Array.from({ length: CONNECTIONS }, () => sender.run(queue, () => later.length === 0));
  const kills: Kill[] = [];
  for (const part = Math.ceil(later.length / KILLS); kills.length < KILLS; ) {
    const target = TARGETS[random(TARGETS.length)]!;
    const before = sender.acknowledged.size;
    const more = later.splice(0, part);
    queue.push(...more);
    const share = random(Math.max(1, more.length - CONNECTIONS));
    await until('some of it acknowledged', async () => sender.acknowledged.size >= before + share, 60_000);
    await until('a transfer under way', async () => sender.inFlight > 0 || queue.length === 0);
    await pause(random(MOMENT_MS));
    kills.push(await killOne(product, target, sender));
  }
  await Promise.all(senders);
  return kills;
}

/** Calls whose files had all come when the kill came, and that had not surfaced: their work was under way. */
function underWay(kill: Kill, calls: readonly Call[], files: readonly File[]): number {
  const completeAt = new Map<number, number>();
  for (const { callId, receivedAt, outcome } of files) {
    if (callId === null || outcome?.code !== 'SURFACED') continue;
    completeAt.set(callId, Math.max(completeAt.get(callId) ?? 0, Date.parse(receivedAt)));
  }
  return calls.filter(
    ({ callId, surfacedAt }) => completeAt.get(callId)! <= kill.at && kill.at < Date.parse(surfacedAt),
  ).length;
}

async function settledFiles(product: RunningProduct, atLeast: number): Promise<File[]> {
  return until(
    'every file ended',
    async () => {
      const found = await product.listAll<File>(`${PATH}/files`).catch(() => []);
      const isOpen = (file: File): boolean => file.state === 'received' || file.state === 'held';
      return found.length >= atLeast && !found.some(isOpen) ? found : null;
    },
    SETTLE_LIMIT_MS,
  );
}

/** Whether the process still runs, and is no other one that got its number. */
async function isRunning(product: RunningProduct, pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return command.includes(product.home) || environment.includes(product.home);
}

async function awaitOrphansEnd(product: RunningProduct, kills: readonly Kill[]): Promise<void> {
  for (const pid of kills.flatMap(({ orphans }) => orphans)) {
    await until(`the end of process ${pid}`, async () => !(await isRunning(product, pid)), 60_000);
  }
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

test.for(QUEUES)(
  'kills at random moments lose nothing acknowledged and surface nothing twice, with the queue on %s',
  { timeout: LIMIT_MS },
  async (queue, { skip }) => {
    skip(queue === 'redis' && !isRedisInstalled(), 'redis-server is not installed');
    await using redis = queue === 'redis' ? await startRedis() : null;
    await using product = await startProduct(redis === null ? {} : { REDIS_URL: redis.url });
    onTestFailed(() => console.log(product.log().split('\n').slice(-LOG_LINES).join('\n')));
    const sender = new Sender(product, await product.makeTenant(TENANT));
    const kills = await sendUnderFire(product, sender);
    const files = await settledFiles(product, PAIRS * 2);
    const calls = await product.listAll<Call>(`${PATH}/calls`);

    const codes = countBy(files.map(({ outcome }) => outcome?.code ?? 'none'));
    const facts = kills.map((kill) => ({ ...kill, calls: underWay(kill, calls, files) }));
    const during = facts.filter((kill) => kill.transfers > 0 || kill.calls > 0);
    console.log(
      `queue on ${queue}: killed ${JSON.stringify(countBy(kills.map(({ target }) => target)))}: ` +
        `${facts.filter((kill) => kill.transfers > 0).length} during a transfer, ` +
        `${facts.filter((kill) => kill.calls > 0).length} with calls under way, ` +
        `${facts.reduce((total, kill) => total + kill.calls, 0)} in all; ` +
        `${sender.acknowledged.size} files acknowledged, ${files.length} known, outcomes ${JSON.stringify(codes)}, ` +
        `${calls.length} calls`,
    );
    expect(during.length).toBeGreaterThanOrEqual(KILLS / 2);

    expect(sender.acknowledged.size).toBe(PAIRS * 2);
    const known = new Set(files.map((file) => `${file.name} ${file.sha256}`));
    for (const [name, digest] of sender.acknowledged) expect(known).toContain(`${name} ${digest}`);

    // A file whose acknowledgement was lost was sent again: that copy ends as no news.
    const { SURFACED, DUPLICATE = 0, UNCHANGED = 0, ...others } = codes;
    expect(others).toEqual({});
    expect(SURFACED).toBe(PAIRS * 2);
    expect(DUPLICATE + UNCHANGED).toBe(files.length - PAIRS * 2);
    for (const file of files) {
      const { steps } = await product.api<Explanation>('GET', `${PATH}/files/${file.id}/explanation`);
      const ends = steps.filter(({ step }) => ['done', 'rejected', 'withdrawn'].includes(step));
      expect(ends.map(({ step }) => step)).toEqual(['done']);
    }

    const ids = calls.map(({ callId }) => callId).sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: PAIRS }, (_, n) => n + 1));
    expect(new Set(calls.map(({ revision }) => revision))).toEqual(new Set([1]));
    for (const { media } of calls) expect(media.sha256).toBe(sender.acknowledged.get(media.name));
    expect(new Set(calls.map(({ media }) => media.name)).size).toBe(PAIRS);
    await awaitOrphansEnd(product, kills);
    expect(await product.api<object>('GET', '/health/ready')).toMatchObject({ status: 'ok' });
  },
);
