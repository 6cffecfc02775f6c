// The doors: customers' files come in here, are made durable and acknowledged. Nothing is read or decided.
import { join } from 'node:path';
import { createBucketCheck, createBucketClients } from '@callbay/buckets';
import { createStorageRoom } from '@callbay/ingestion';
import {
  createDropView,
  createFileReceiver,
  createFolderStore,
  createMoveStore,
  createS3Store,
  createSftpAccountStore,
  createSftpSessionStore,
  createSweepStore,
} from '@callbay/postgres';
import { openRole } from '@callbay/role';
import { createSealer, DRAIN_MS } from '@callbay/runtime';
import {
  createBucketReader,
  createBucketWriter,
  createFolderServer,
  createS3Server,
  createSftpServer,
  createStreamedBytes,
} from '@callbay/sources';
import { startPartialSweep } from './partial-sweep.ts';

const role = await openRole('intake');
const { config, db, logger, metrics, shutdown } = role;
const sweeps = createSweepStore(db);
const room = createStorageRoom({ blobs: role.blobs, log: logger, floorBytes: config.diskFloorBytes });
const view = createDropView(db);
const receiver = createFileReceiver(db);

const server = createSftpServer(
  {
    view,
    receiver,
    sessions: createSftpSessionStore(db),
    accounts: createSftpAccountStore(db, createSealer(role.secretKey)),
    blobs: role.blobs,
    room,
    queue: role.queue,
    log: logger,
    metrics: {
      connectionRefused: () => metrics.sftpLogins.inc({ result: 'limited' }),
      loginEnded: (outcome) => metrics.sftpLogins.inc({ result: outcome }),
      sessionOpened: () => metrics.sftpSessions.inc(),
      sessionClosed: () => metrics.sftpSessions.dec(),
      fileReceived: (sizeBytes) => {
        metrics.filesReceived.inc({ drop: 'sftp' });
        metrics.bytesReceived.inc({ drop: 'sftp' }, sizeBytes);
      },
      uploadFailed: () => metrics.uploadsFailed.inc(),
      descriptorsExhausted: () => metrics.descriptorsExhausted.inc(),
    },
  },
  {
    host: config.bind,
    port: config.sftp.port,
    isPortShared: config.intakeProcesses > 1,
    spoolDir: config.spoolFolder,
    proxies: config.sftp.proxies,
    drainMs: DRAIN_MS.work,
  },
);
const { port } = await server.listen();
shutdown.add('sftp server', () => server.close());
if (config.folders !== null) {
  const background = new Set<Promise<void>>();
  const folders = createFolderServer(
    {
      store: createFolderStore(db),
      moves: createMoveStore(db),
      view,
      receiver,
      room,
      blobs: role.blobs,
      queue: role.queue,
      log: logger,
      inBackground: (work) => {
        background.add(work.finally(() => background.delete(work)));
      },
      received: (sizeBytes) => {
        metrics.filesReceived.inc({ drop: 'folder' });
        metrics.bytesReceived.inc({ drop: 'folder' }, sizeBytes);
      },
    },
    { ...config.folders, spool: join(config.spoolFolder, 'folders') },
  );
  await folders.start();
  shutdown.add('folders', async () => {
    await folders.close();
    await Promise.all(background);
  });
}
if (config.s3 !== null) {
  const clients = createBucketClients(config.s3);
  const background = new Set<Promise<void>>();
  const reader = createBucketReader(clients.s3);
  const spool = join(config.spoolFolder, 'buckets');
  const buckets = createS3Server(
    {
      store: createS3Store(db),
      moves: createMoveStore(db),
      view,
      receiver,
      room,
      blobs: role.blobs,
      queue: role.queue,
      reader,
      writer: createBucketWriter(clients.s3),
      bytes: createStreamedBytes({ reader, blobs: role.blobs }, { spool }),
      sqs: config.s3.events === 'sqs' ? clients.sqs : null,
      checkBucket: createBucketCheck(clients.s3),
      log: logger,
      inBackground: (work) => {
        background.add(work.finally(() => background.delete(work)));
      },
      received: (sizeBytes) => {
        metrics.filesReceived.inc({ drop: 's3' });
        metrics.bytesReceived.inc({ drop: 's3' }, sizeBytes);
      },
      ignored: (kind) => metrics.s3MessagesIgnored.inc({ kind }),
    },
    { listMs: config.s3.listMs, spool },
  );
  await buckets.start();
  shutdown.add('buckets', async () => {
    await buckets.close();
    await Promise.all(background);
    clients.close();
  });
}
const sweep = startPartialSweep({
  spoolDir: config.spoolFolder,
  readDatabaseClock: () => sweeps.readClock(),
  logger,
});
shutdown.add('partial sweep', () => sweep.stop());
role.reportReady('sftp serves', { port });
