import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeKeyPair } from '@callbay/sources';
import type { TestSftpUser } from './make-tenant.ts';
import { until } from './until.ts';

/** The whole product in processes of its own, as `callbay up` runs it, in a temporary home. */
export interface RunningProduct extends AsyncDisposable {
  readonly home: string;
  readonly supervisorPid: number;
  readonly sftpPort: number;
  readonly url: string;
  /** The operator's. */
  readonly key: string;
  readonly log: () => string;
  /** An API request with the operator's key; throws for any status but 2xx. */
  api<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** All items of a list. */
  listAll<T>(path: string): Promise<T[]>;
  makeTenant(id: string): Promise<Pick<TestSftpUser, 'username' | 'privateKey'>>;
  /** Kills the supervisor and starts another on the same home and ports, again and again until it serves. */
  killSupervisor(): Promise<void>;
  /** Pids of the roles and of the embedded postmaster, as they are now. */
  pids(): Promise<Record<'intake' | 'pipeline' | 'api' | 'postgres', number | undefined>>;
}

export interface ProductOptions {
  /** The clone to start from: this one unless given. */
  readonly root?: string;
}

const READY_LIMIT_MS = 60_000;
/** What a killed supervisor left may drain for 25 s, on the ports that the next one wants. */
const RESTART_LIMIT_MS = 90_000;
const READY_LINE = /^ready http=(\S+) sftp=\S+:(\d+)$/m;

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Starts it on free ports; disposing ends it in order and removes the home, unless CALLBAY_HOME names one. */
export async function startProduct(
  env: Record<string, string> = {},
  options: ProductOptions = {},
): Promise<RunningProduct> {
  const root = options.root ?? join(import.meta.dirname, '../../..');
  const main = join(root, 'apps/callbay/src/main.ts');
  const home = env.CALLBAY_HOME ?? (await mkdtemp(join(tmpdir(), 'callbay-product-')));
  const ports = { CALLBAY_HTTP_PORT: `${await freePort()}`, CALLBAY_SFTP_PORT: `${await freePort()}` };
  let log = '';
  let out = '';
  const start = (): ChildProcess => {
    out = '';
    const started = spawn(process.execPath, [main, 'up'], {
      env: { ...process.env, CALLBAY_HOME: home, CALLBAY_LOG_LEVEL: 'info', ...ports, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.stderr.on('data', (chunk) => (log += chunk));
    started.stdout.on('data', (chunk) => (out += chunk));
    return started;
  };
  let child = start();
  const ready = await until(
    'the ready line',
    async () => {
      if (hasEnded(child)) throw new Error(`callbay up ended: ${log}`);
      return READY_LINE.exec(out);
    },
    READY_LIMIT_MS,
  );
  const [, http = '', port = ''] = ready;
  const key = (await readFile(join(home, 'operator.key'), 'utf8')).trim();
  const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${http}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    home,
    get supervisorPid() {
      return child.pid!;
    },
    sftpPort: Number(port),
    url: http,
    key,
    log: () => log,
    api,
    listAll: async <T>(path: string) => {
      const items: T[] = [];
      let cursor: string | null = null;
      do {
        const query: string = `limit=500${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
        const page: { items: T[]; nextCursor: string | null } = await api('GET', `${path}?${query}`);
        items.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      return items;
    },
    makeTenant: async (id) => {
      await api('POST', '/v1/tenants', { id, name: id, timeZone: 'UTC', stage: 'live' });
      const pair = makeKeyPair('ed25519');
      const user = await api<{ username: string }>('POST', `/v1/tenants/${id}/sftp-users`, {
        publicKey: pair.public,
      });
      return { username: user.username, privateKey: pair.private };
    },
    killSupervisor: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      child = start();
      const isServing = async (): Promise<boolean> => {
        // Refused while the ports are still taken, as by a service manager that starts it at once.
        if (hasEnded(child)) child = start();
        return READY_LINE.test(out);
      };
      await until('another supervisor that serves', isServing, RESTART_LIMIT_MS);
    },
    pids: () => pidsBelow(child.pid!),
    [Symbol.asyncDispose]: async () => {
      await end(child);
      if (env.CALLBAY_HOME === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens on, as long as nobody else asks in the same moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

/** Reads /proc: children of the supervisor, by what they run. */
async function pidsBelow(
  parent: number,
): Promise<Record<'intake' | 'pipeline' | 'api' | 'postgres', number | undefined>> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  const found: Record<string, number> = {};
  for (const pid of children.trim().split(' ').filter(Boolean).map(Number)) {
    // A child that ends between the two reads is no longer one.
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    for (const role of ['intake', 'pipeline', 'api'])
      if (command.includes(`apps/${role}/`)) found[role] = pid;
    if (/bin\/postgres\0/.test(command)) found.postgres = pid;
  }
  return { intake: found.intake, pipeline: found.pipeline, api: found.api, postgres: found.postgres };
}
