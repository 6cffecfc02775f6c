import { mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type BlobStore,
  type DropView,
  ENDLESS_ROOM,
  type FileReceiver,
  type JobQueue,
  type SftpAccountStore,
  type SftpSessionStore,
  type StorageRoom,
} from '@callbay/ingestion';
import type { Connection, Server as SshServer } from 'ssh2';
import { createAccessWatch } from './access-watch.ts';
import { type ClientAddress, readClientAddress } from './client-address.ts';
import { SftpConnection } from './connection.ts';
import { FAREWELLS } from './farewells.ts';
import { makeHostKeys, offeredAlgorithms, toServerKeys } from './host-keys.ts';
import { DEFAULT_LIMITS, type SftpLimits } from './limits.ts';
import { type Logger, NO_METRICS, type SftpMetrics } from './logger.ts';
import { createLoginGate } from './login-gate.ts';
import { createPartialStore } from './partials.ts';
import { createRefusedNames } from './refused-names.ts';
import { createReplyBudget } from './reply-budget.ts';
import { createSessionPlaces } from './session-places.ts';
import { nativeCiphers, ssh2 } from './ssh2.ts';
import { createUploads } from './uploads.ts';
import { createWriteBudget } from './write-budget.ts';

export interface SftpServerDeps {
  readonly view: DropView;
  readonly receiver: FileReceiver;
  readonly accounts: SftpAccountStore;
  readonly blobs: BlobStore;
  readonly queue: JobQueue;
  readonly log: Logger;
  /** Sessions of all nodes; those of this process alone are counted when not given. */
  readonly sessions?: SftpSessionStore;
  /** Endless when not given. */
  readonly room?: StorageRoom;
  readonly metrics?: SftpMetrics;
  readonly now?: () => Date;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs?: () => number;
}

export interface SftpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Other processes of this node listen on the port too, and the kernel spreads connections over them. */
  readonly isPortShared?: boolean;
  /** Where uploads rest until they are whole. Best on the file system of the blobs. One per node. */
  readonly spoolDir: string;
  readonly limits?: Partial<SftpLimits>;
  /** Addresses and CIDR ranges of load balancers that say whom they connect, in the PROXY protocol. */
  readonly proxies?: readonly string[];
  /** How long `close` waits for transfers under way. Default 30 s. */
  readonly drainMs?: number;
}

export interface SftpServer {
  /** Starts to accept. Rejects when the port is taken or the account store is unavailable. */
  listen(): Promise<{ port: number }>;
  /** Stops accepting, lets transfers under way end up to `drainMs`, and waits until everything is put away. */
  close(): Promise<void>;
  /** Connections that have logged in. */
  sessionCount(): number;
  /** Connections that have not, yet. */
  pendingCount(): number;
  /** Written bytes that wait in memory for the disk, over all sessions. */
  bufferedBytes(): number;
  /** Bytes that were read for clients and that they have not taken, over all sessions. */
  repliedBytes(): number;
}

const SLOW_CIPHERS = {
  absent: "ssh2's compiled ciphers are absent: transfers are slower, and only AES is offered",
  unsafe:
    "ssh2's compiled ciphers would abort this Node and are not used, so transfers are slower: rebuild ssh2 with native/object-wrap.h",
} as const;

/** The SFTP drop: a view of the tenants' files, and the door they come in by. Source: C4, C5, C9, E4, E6. */
export function createSftpServer(deps: SftpServerDeps, options: SftpServerOptions): SftpServer {
  const limits: SftpLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const now = deps.now ?? (() => new Date());
  const monotonicMs = deps.monotonicMs ?? (() => performance.now());
  const metrics = deps.metrics ?? NO_METRICS;
  const budget = createWriteBudget(limits.writeBufferBytes);
  const replies = createReplyBudget(limits.replyBudgetBytes);
  const partials = createPartialStore(options.spoolDir);
  const gate = createLoginGate(limits, monotonicMs);
  const connections = new Set<SftpConnection>();
  const sockets = new Map<string, { socket: Socket; address: string; onLogin: () => void }>();
  const proxied = new Set<Socket>();
  const background = new Set<Promise<void>>();
  const resources = new AsyncDisposableStack();
  let listener: Server | null = null;
  let isClosing = false;
  let accessChanges = 0;

  function inBackground(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => deps.log.error({ err: error }, 'background work of the sftp server failed'))
      .finally(() => background.delete(tracked));
    background.add(tracked);
  }

  const { view, receiver, blobs, queue, log } = deps;
  const places = resources.use(
    createSessionPlaces({ store: deps.sessions ?? null, limits, metrics, log, inBackground }),
  );
  const receiveDeps = { view, receiver, blobs, queue, log, inBackground, room: deps.room ?? ENDLESS_ROOM };
  const { eagerBytesPerHandle } = limits;
  const uploads = createUploads({ ...receiveDeps, partials, budget, eagerBytesPerHandle, metrics, now });
  const connectionDeps = {
    ...receiveDeps,
    accounts: deps.accounts,
    metrics,
    partials,
    uploads,
    budget,
    replies,
    limits,
    now,
    monotonicMs,
    startedAt: now(),
    refusedNames: createRefusedNames({ receiver, log, monotonicMs }),
    spoolDir: options.spoolDir,
    isWriteBufferFull: budget.isExhausted,
    accessChanges: () => accessChanges,
    places,
  };

  function accept(ssh: SshServer, socket: Socket): void {
    socket.on('error', (error) => deps.log.debug({ err: error }, 'sftp socket error'));
    const { proxies = [] } = options;
    if (proxies.length === 0) admit(ssh, socket, { address: socket.remoteAddress ?? '', headerBytes: 0 });
    else inBackground(admitProxied(ssh, socket, proxies));
  }

  /** Before its header has come, a connection takes a place of its own: what a balancer opens is bounded, too. */
  async function admitProxied(ssh: SshServer, socket: Socket, proxies: readonly string[]): Promise<void> {
    if (proxied.size >= limits.preLogin.full) {
      metrics.connectionRefused('pre_login_limit');
      socket.destroy();
      return;
    }
    proxied.add(socket);
    const client = await readClientAddress(socket, proxies);
    proxied.delete(socket);
    if (client !== null) return admit(ssh, socket, client);
    deps.log.debug({ address: socket.remoteAddress }, 'a proxy did not say whom it connects');
    metrics.connectionRefused('proxy_header');
    socket.destroy();
  }

  /** Judges a TCP connection before SSH sees it, and gives it until `loginGraceMs` to log in. */
  function admit(ssh: SshServer, socket: Socket, { address, headerBytes }: ClientAddress): void {
    let hadTimeToSpeak = false;
    const pending = {
      isSilent: () => hadTimeToSpeak && socket.bytesRead === headerBytes,
      close() {
        metrics.connectionRefused('pre_login_limit');
        socket.destroy();
      },
    };
    const release = isClosing ? null : gate.admit(address, pending);
    if (release === null) {
      metrics.connectionRefused(isClosing ? 'draining' : 'pre_login_limit');
      socket.destroy();
      return;
    }
    const key = `${socket.remoteAddress}:${socket.remotePort}`;
    const grace = setTimeout(() => socket.destroy(), limits.loginGraceMs);
    // After a turn of the event loop: what came while this process was busy has been read by then.
    const silence = setTimeout(() => setImmediate(() => (hadTimeToSpeak = true)), limits.preLogin.silentMs);
    const onLogin = () => {
      clearTimeout(grace);
      clearTimeout(silence);
      release();
    };
    socket.setNoDelay(true);
    sockets.set(key, { socket, address, onLogin });
    socket.once('close', () => {
      onLogin();
      sockets.delete(key);
    });
    ssh.injectSocket(socket);
  }

  function greet(
    client: Connection,
    info: { ip: string; port: number; header: { versions: { software: string } } },
  ) {
    const known = sockets.get(`${info.ip}:${info.port}`);
    client.on('error', (error) => deps.log.debug({ err: error }, 'ssh error'));
    if (known === undefined) {
      client.end();
      return;
    }
    const { socket, address, onLogin } = known;
    const peer = { socket, onLogin, address, software: info.header.versions.software.slice(0, 128) };
    const connection = new SftpConnection(connectionDeps, client, peer);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  }

  function startTicking(): void {
    const tick = setInterval(() => {
      for (const connection of connections) connection.checkAge();
    }, limits.checkEveryMs);
    resources.defer(() => clearInterval(tick));
  }

  return {
    async listen() {
      await mkdir(options.spoolDir, { recursive: true, mode: 0o700 });
      await partials.open();
      if (nativeCiphers !== 'safe') deps.log.warn({}, SLOW_CIPHERS[nativeCiphers]);
      const hostKeys = await deps.accounts.loadHostKeys(makeHostKeys);
      const ssh = new ssh2.Server({
        hostKeys: toServerKeys(hostKeys),
        algorithms: offeredAlgorithms(nativeCiphers === 'safe'),
        ident: 'Callbay',
        keepaliveInterval: limits.keepaliveMs,
      });
      ssh.on('connection', greet);
      const watched = { accounts: deps.accounts, log: deps.log };
      const onChange = () => {
        accessChanges += 1;
      };
      resources.use(await createAccessWatch(watched, () => connections, onChange));
      startTicking();
      const server = createServer({ noDelay: true, keepAlive: true }, (socket) => accept(ssh, socket));
      listener = server;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        const { port, host, isPortShared = false } = options;
        server.listen({ port, host, reusePort: isPortShared }, () => resolve());
      });
      server.on('error', (error) => deps.log.error({ err: error }, 'sftp listener error'));
      return { port: (server.address() as AddressInfo).port };
    },

    async close() {
      isClosing = true;
      const stopped = new Promise<void>((resolve) =>
        listener === null ? resolve() : listener.close(() => resolve()),
      );
      for (const socket of proxied) socket.destroy();
      for (const connection of connections) connection.drain();
      const patience = setTimeout(() => {
        for (const connection of connections) connection.leave(FAREWELLS.restarting);
        for (const { socket } of sockets.values()) if (!socket.writableEnded) socket.destroy();
      }, options.drainMs ?? 30_000);
      await stopped;
      clearTimeout(patience);
      // A socket may be gone before its connection has heard so.
      for (const connection of connections) connection.putAway();
      while (background.size > 0) await Promise.all(background);
      await resources.disposeAsync();
      await partials.close();
    },

    sessionCount: () => [...connections].filter(({ username }) => username !== null).length,
    pendingCount: () => gate.count(),
    bufferedBytes: budget.usedBytes,
    repliedBytes: replies.usedBytes,
  };
}
