import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { until } from '@callbay/testkit';
import { type Place, relay } from './relay.ts';

export interface HostPlan {
  readonly env: Readonly<Record<string, string>>;
  /** On the host itself. */
  readonly relays: readonly { readonly from: Place; readonly to: Place }[];
}

/** A network, a name and process ids of its own. */
const isolated = (name: string): readonly string[] => [
  'unshare',
  ...['--net', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'],
  ...['sh', '-c', 'hostname "$0" && ip link set lo up && exec "$@"', name],
];

/** Where namespaces are not permitted, hosts are homes and ports of their own on this one. */
export const mayIsolate = (): boolean => {
  const [program = '', ...args] = isolated('probe');
  return spawnSync(program, [...args, 'true']).status === 0;
};

export interface Host {
  readonly name: string;
  readonly sftpPort: number;
  readonly url: string;
  readonly home: string;
  readonly log: () => string;
  /** As a power cut does: every process of it at once. */
  cut(): Promise<void>;
  start(): Promise<void>;
}

export interface HostOptions {
  readonly name: string;
  /** Where hosts share sockets. */
  readonly folder: string;
  readonly home: string;
  readonly isIsolated: boolean;
  readonly ports: { readonly http: number; readonly sftp: number };
  /** Ports of this host's loopback that are others' services, and the sockets that lead there. */
  readonly services: readonly { readonly port: number; readonly path: string }[];
  readonly env: Readonly<Record<string, string>>;
}

/** A host that runs `callbay up`, reached through relays of this process. */
export async function createHost(options: HostOptions): Promise<Host & AsyncDisposable> {
  const { name, folder, home, isIsolated, ports } = options;
  const doors = { http: join(folder, `${name}-http`), sftp: join(folder, `${name}-sftp`) };
  const plan: HostPlan = {
    env: {
      ...options.env,
      CALLBAY_HOME: home,
      CALLBAY_HTTP_PORT: String(ports.http),
      CALLBAY_SFTP_PORT: String(ports.sftp),
    },
    relays: [
      ...(isIsolated ? options.services.map(({ port, path }) => ({ from: { port }, to: { path } })) : []),
      ...(['http', 'sftp'] as const).map((door) => ({
        from: { path: doors[door] },
        to: { port: ports[door] },
      })),
    ],
  };
  const near = {
    http: await relay({ port: 0 }, { path: doors.http }),
    sftp: await relay({ port: 0 }, { path: doors.sftp }),
  };
  const portOf = (door: keyof typeof near): number => (near[door].address() as AddressInfo).port;
  let child: ChildProcess | null = null;
  let log = '';
  let out = '';
  const cut = async (): Promise<void> => {
    if (child === null || child.pid === undefined || child.exitCode !== null) return;
    // The pipes end with the last process that holds them.
    const gone = once(child, 'close');
    process.kill(-child.pid, 'SIGKILL');
    await gone;
    child = null;
  };
  return {
    name,
    home,
    sftpPort: portOf('sftp'),
    url: `http://127.0.0.1:${portOf('http')}`,
    log: () => log,
    cut,
    async start() {
      for (const path of Object.values(doors)) await rm(path, { force: true });
      out = '';
      const main = [process.execPath, join(import.meta.dirname, 'host-main.ts'), JSON.stringify(plan)];
      const [program = '', ...args] = [...(isIsolated ? isolated(name) : []), ...main];
      const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      child = started;
      started.stderr.on('data', (chunk) => (log += chunk));
      started.stdout.on('data', (chunk) => (out += chunk));
      await until(
        `${name} to serve`,
        async () => {
          if (started.exitCode !== null) throw new Error(`${name} ended: ${log.slice(-4_000)}`);
          return /^ready /m.test(out);
        },
        120_000,
      );
    },
    async [Symbol.asyncDispose]() {
      await cut();
      near.http.cut();
      near.sftp.cut();
    },
  };
}

export const readKey = async (home: string): Promise<string | null> =>
  readFile(join(home, 'operator.key'), 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
