import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore, type DiskBlobStore, markStore } from '@callbay/blobs';
import {
  createImportSlots,
  createInspector,
  createReadSlots,
  importCrm,
  type RunSweepsDeps,
  readWaiting,
  sweepBatches,
  sweepCrmImports,
  sweepDueCalls,
} from '@callbay/ingestion';
import {
  createDropView,
  createFileReceiver,
  createPipelineStores,
  createSftpAccountStore,
  type Database,
} from '@callbay/postgres';
import { createJobQueue, type QueueBackend, type QueueCounts, startWorkers } from '@callbay/queue';
import { createSftpServer } from '@callbay/sources';
import { makeSftpUser, makeTenant, type TestSftpUser } from './make-tenant.ts';
import { openSftp, type SftpClient } from './sftp-client.ts';
import { type TestClock, testClock } from './test-clock.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { until } from './until.ts';

/** One tenant with an SFTP session of its own. */
export interface TestTenant extends AsyncDisposable {
  readonly tenantId: string;
  readonly user: TestSftpUser;
  readonly client: SftpClient;
}

/** The doors and the pipeline in this process, on real services, with a clock that tests move. */
export interface RunningCallbay extends AsyncDisposable {
  readonly db: Database;
  readonly connectionString: string;
  readonly clock: TestClock;
  readonly blobs: DiskBlobStore;
  readonly sftpPort: number;
  /** For running sweeps by hand: none runs by itself. */
  readonly deps: RunSweepsDeps;
  readonly spoolDir: string;
  /** Lets an idle one work. */
  startWorkers(): Promise<void>;
  queueCounts(): Promise<QueueCounts>;
  openTenant(tenant?: Parameters<typeof makeTenant>[1]): Promise<TestTenant>;
  /** Waits until every received file is read and no call is due. */
  settle(): Promise<void>;
}

export interface StartOptions {
  /** Starts no workers, until `startWorkers`. */
  readonly isIdle?: boolean;
  /** Redis for the queue; Postgres's own when not given. */
  readonly redisUrl?: string;
  readonly concurrency?: number;
  /** A migrated database to work on, disposed of in the end; a new one when not given. */
  readonly database?: Omit<TestDatabase, 'drop'>;
}

/** A file of 2 GiB may be among those to be read, on a machine that does other things too. */
const SETTLE_LIMIT_MS = 60_000;

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export async function startCallbay(options: StartOptions = {}): Promise<RunningCallbay> {
  await using started = new AsyncDisposableStack();
  const database = started.use(options.database ?? (await createTestDatabase({ max: 16 })));
  const { db, connectionString } = database;
  const clock = await testClock(db);
  const home = await mkdtemp(join(tmpdir(), 'callbay-test-'));
  started.defer(() => rm(home, { recursive: true, force: true }));
  const root = join(home, 'blobs');
  await markStore(root, async () => false);
  const blobs = createDiskBlobStore({ root, requiresMarker: true });
  const backend: QueueBackend =
    options.redisUrl === undefined ? { connectionString } : { redisUrl: options.redisUrl };
  const failures: unknown[] = [];
  const queue = started.use(await createJobQueue(backend, (error) => failures.push(error)));
  const inspector = started.use(createInspector({ processes: 2, checkStore: () => blobs.checkStore() }));
  const sealer = { seal: (text: string) => text, unseal: (sealed: string) => sealed };
  const deps: RunSweepsDeps = {
    ...createPipelineStores(db, { sealer, tombstoneKey: new Uint8Array(32) }),
    readSlots: createReadSlots({ total: 1 }),
    importSlots: createImportSlots({ total: 2 }),
    blobs,
    bundleFolder: join(home, 'bundles'),
    diskFloorBytes: null,
    inspector,
    queue,
    log: quiet,
    sender: { sendMail: async () => null, sendWebhook: async () => null },
    relays: { webhooks: { poll: async () => 0 }, feeds: { poll: async () => 0 } },
    metrics: { surfaced: () => {}, updated: () => {}, swept: () => {} },
  };
  const startWorkersOn = async (owner: AsyncDisposableStack): Promise<void> => {
    owner.use(
      await startWorkers({
        backend,
        concurrency: options.concurrency ?? 4,
        handlers: {
          'tenant.read': (payload, { attempt, signal }) => readWaiting(deps, { ...payload, attempt, signal }),
          'crm.import': (payload, { signal }) => importCrm(deps, { ...payload, signal }),
        },
        observer: { completed: () => {}, failed: () => {}, broke: (error) => failures.push(error) },
      }),
    );
  };
  if (options.isIdle !== true) await startWorkersOn(started);
  const spoolDir = join(home, 'spool');
  const accounts = createSftpAccountStore(db, sealer);
  const server = createSftpServer(
    { view: createDropView(db), receiver: createFileReceiver(db), accounts, blobs, queue, log: quiet },
    { host: '127.0.0.1', port: 0, spoolDir },
  );
  const { port } = await server.listen();
  started.defer(() => server.close());
  const stack = started.move();
  return {
    db,
    connectionString,
    clock,
    blobs,
    sftpPort: port,
    deps,
    spoolDir,
    startWorkers: () => startWorkersOn(stack),
    queueCounts: () => queue.queueCounts(),
    openTenant: async (tenant) => {
      const tenantId = await makeTenant(db, tenant);
      const user = await makeSftpUser(db, tenantId);
      const client = await openSftp(port, user);
      return { tenantId, user, client, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
    },
    settle: async () => {
      await until(
        'every file read and no call due',
        async () => {
          await sweepDueCalls(deps);
          await sweepBatches(deps);
          await sweepCrmImports(deps, 100);
          const [row] = await db.query<{ open: number }>(
            `SELECT (SELECT count(*) FROM files WHERE classified_at IS NULL AND blob_key IS NOT NULL AND purged_at IS NULL)
                + (SELECT count(*) FROM calls WHERE due_at <= callbay_now() + interval '5 seconds')
                + (SELECT count(*) FROM batches WHERE advanced_at IS NULL)
                + (SELECT count(*) FROM crm_imports WHERE NOT is_settled) AS open`,
          );
          return row?.open === 0;
        },
        SETTLE_LIMIT_MS,
      );
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
