import type { Dirent } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createDiskBlobStore } from '@callbay/blobs';
import type { BlobStore, SftpAccount, SftpSessionStore, StorageRoom } from '@callbay/ingestion';
import type { Client, ConnectConfig, SFTPWrapper } from 'ssh2';
import {
  createSftpServer,
  type Logger,
  makeKeyPair,
  type SftpLimits,
  type SftpMetrics,
  type SftpServer,
} from '../src/index.ts';
import { NO_METRICS } from '../src/sftp/logger.ts';
import { ssh2 } from '../src/sftp/ssh2.ts';
import {
  createMemoryAccounts,
  createMemoryDrop,
  createMemoryQueue,
  type MemoryAccounts,
  type MemoryDrop,
  type MemoryFile,
  type MemoryQueue,
} from './memory-drop.ts';

export interface FixtureOptions {
  readonly limits?: Partial<SftpLimits>;
  readonly account?: Partial<SftpAccount>;
  readonly wrapBlobs?: (blobs: BlobStore) => BlobStore;
  readonly spoolDir?: string;
  readonly room?: StorageRoom;
  readonly drainMs?: number;
  /** Listens beside another server on the same port; 0 takes a free one. */
  readonly sharedPort?: number;
  readonly proxies?: readonly string[];
  readonly sessions?: SftpSessionStore;
  readonly now?: () => Date;
  readonly monotonicMs?: () => number;
  readonly metrics?: Partial<SftpMetrics>;
}

export interface Fixture extends AsyncDisposable {
  readonly folder: string;
  readonly spoolDir: string;
  readonly server: SftpServer;
  readonly port: number;
  readonly drop: MemoryDrop;
  readonly accounts: MemoryAccounts;
  readonly queue: MemoryQueue;
  readonly blobs: BlobStore;
  readonly keyPath: string;
  readonly privateKey: string;
  /** Errors that an operator would see. */
  readonly errors: unknown[];
  contentOf(name: string): Promise<string>;
  bytesOf(file: MemoryFile): Promise<Buffer>;
  addUser(account: Partial<SftpAccount> & { username: string }): void;
  connect(config?: ConnectConfig): Promise<TestClient>;
  /** Every upload below the spool, as paths: all files but for the writers' locks. */
  spooled(): Promise<string[]>;
}

export const KEY = makeKeyPair('ed25519');
export const wireKey = (publicKey: string): string => publicKey.split(' ')[1] ?? '';

/** A server on a free port with one tenant, `acme`, and one user, `acme-push`. */
export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-sftp-'));
  const spoolDir = options.spoolDir ?? join(folder, 'spool');
  const disk = createDiskBlobStore({ root: join(folder, 'blobs') });
  const blobs = options.wrapBlobs?.(disk) ?? disk;
  const [drop, accounts, queue] = [createMemoryDrop(), createMemoryAccounts(), createMemoryQueue()];
  const errors: unknown[] = [];
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields, message) => errors.push({ ...fields, message }),
  };
  const clocks = {
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(options.monotonicMs === undefined ? {} : { monotonicMs: options.monotonicMs }),
  };
  const server = createSftpServer(
    {
      view: drop,
      receiver: drop,
      accounts,
      blobs,
      queue,
      log,
      ...clocks,
      ...(options.room === undefined ? {} : { room: options.room }),
      ...(options.sessions === undefined ? {} : { sessions: options.sessions }),
      metrics: { ...NO_METRICS, ...options.metrics },
    },
    {
      host: '127.0.0.1',
      port: options.sharedPort ?? 0,
      isPortShared: options.sharedPort !== undefined,
      ...(options.proxies === undefined ? {} : { proxies: options.proxies }),
      spoolDir,
      drainMs: options.drainMs ?? 2_000,
      limits: { drainQuietMs: 50, ...options.limits },
    },
  );
  const keyPath = join(folder, 'id_ed25519');
  await writeFile(keyPath, KEY.private, { mode: 0o600 });

  const addUser: Fixture['addUser'] = (account) => {
    accounts.accounts.set(account.username, {
      tenantId: 'acme',
      canRead: 'all',
      allowedCidrs: [],
      temporaryNames: null,
      keys: [{ id: `${account.username}-key`, publicKey: wireKey(KEY.public), expiresInMs: null }],
      passwordHash: null,
      ...account,
    });
  };
  addUser({ username: 'acme-push', ...options.account });
  const { port } = await server.listen();

  const bytesOf = async (file: MemoryFile) => buffer(await blobs.read(file.tenantId, file.blobKey));
  return {
    folder,
    spoolDir,
    server,
    port,
    drop,
    accounts,
    queue,
    blobs,
    keyPath,
    errors,
    addUser,
    bytesOf,
    privateKey: KEY.private,
    async contentOf(name) {
      const file = drop.files.findLast((candidate) => candidate.name === name);
      if (file === undefined) throw new Error(`${name} was not received`);
      return (await bytesOf(file)).toString();
    },
    connect: (config = {}) =>
      TestClient.connect({
        host: '127.0.0.1',
        port,
        username: 'acme-push',
        privateKey: KEY.private,
        ...config,
      }),
    async spooled() {
      // A folder that vanishes while it is walked was on its way out: walk again.
      const walk = async (): Promise<Dirent[]> => {
        try {
          return await readdir(spoolDir, { recursive: true, withFileTypes: true });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
          return walk();
        }
      };
      const found = await walk();
      const locks = join(spoolDir, 'locks');
      return found
        .filter((entry) => entry.isFile() && entry.parentPath !== locks)
        .map((entry) => join(entry.parentPath, entry.name));
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Callback<T> = (error: (Error & { code?: number | string }) | null | undefined, value: T) => void;

/** ssh2's client with promises. `sftp` is the raw one, for requests that have no shorthand here. */
export class TestClient {
  readonly ssh: Client;
  readonly sftp: SFTPWrapper;

  private constructor(ssh: Client, sftp: SFTPWrapper) {
    this.ssh = ssh;
    this.sftp = sftp;
  }

  static async connect(config: ConnectConfig): Promise<TestClient> {
    const ssh = await login(config);
    const sftp = await call<SFTPWrapper>((done) => ssh.sftp(done));
    return new TestClient(ssh, sftp);
  }

  open(path: string, flags: string | number): Promise<Buffer> {
    return call((done) => this.sftp.open(path, flags as 'w', done));
  }
  write(handle: Buffer, text: string | Buffer, position: number): Promise<void> {
    const bytes = Buffer.from(text);
    return call((done) => this.sftp.write(handle, bytes, 0, bytes.length, position, done as () => void));
  }
  close(handle: Buffer): Promise<void> {
    return call((done) => this.sftp.close(handle, done as () => void));
  }
  async put(path: string, text: string | Buffer): Promise<void> {
    const handle = await this.open(path, 'w');
    if (text.length > 0) await this.write(handle, text, 0);
    await this.close(handle);
  }
  get(path: string): Promise<Buffer> {
    return call((done) => this.sftp.readFile(path, done as Callback<Buffer>));
  }
  async list(path: string): Promise<string[]> {
    const entries = await call<{ filename: string }[]>((done) => this.sftp.readdir(path, done));
    return entries.map(({ filename }) => filename).sort();
  }
  stat(path: string): Promise<{ size: number; mtime: number; isDirectory(): boolean }> {
    return call((done) => this.sftp.stat(path, done));
  }
  do(request: (sftp: SFTPWrapper, done: (error?: Error | null) => void) => void): Promise<void> {
    return call((done) => request(this.sftp, done as () => void));
  }
  /** Ends without a goodbye, as a killed client does. */
  async kill(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.ssh.once('close', () => resolve()));
    this.ssh.destroy();
    await closed;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function call<T>(run: (done: Callback<T>) => unknown): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    run((error, value) => (error ? reject(error) : resolve(value)));
  });
}

/** Logs in; rejects with ssh2's error when refused. */
export function login(config: ConnectConfig): Promise<Client> {
  const ssh = new ssh2.Client();
  return new Promise((resolve, reject) => {
    ssh.once('ready', () => {
      ssh.off('error', reject);
      ssh.on('error', () => {});
      resolve(ssh);
    });
    ssh.once('error', reject);
    ssh.once('close', () => reject(new Error('closed before login')));
    ssh.connect(config);
  });
}

/** The SFTP status code of a refused request, or 'no error'. */
export const statusOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  );

/** Waits until a condition holds, looking again after each turn of the event loop; fails after 10 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error('the awaited condition never held');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
