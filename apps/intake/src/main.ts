// The doors: customers' files come in here, are made durable and acknowledged. Nothing is read or decided.
import { createStorageRoom } from '@callbay/ingestion';
import {
  createDropView,
  createFileReceiver,
  createSftpAccountStore,
  createSweepStore,
} from '@callbay/postgres';
import { openRole } from '@callbay/role';
import { createSealer, DRAIN_MS } from '@callbay/runtime';
import { createSftpServer } from '@callbay/sources';
import { startPartialSweep } from './partial-sweep.ts';

const role = await openRole('intake');
const { config, db, logger, metrics, shutdown } = role;
const sweeps = createSweepStore(db);

const server = createSftpServer(
  {
    view: createDropView(db),
    receiver: createFileReceiver(db),
    accounts: createSftpAccountStore(db, createSealer(role.secretKey)),
    blobs: role.blobs,
    room: createStorageRoom({ blobs: role.blobs, log: logger, floorBytes: config.diskFloorBytes }),
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
    drainMs: DRAIN_MS.work,
  },
);
const { port } = await server.listen();
shutdown.add('sftp server', () => server.close());
const sweep = startPartialSweep({
  spoolDir: config.spoolFolder,
  readDatabaseClock: () => sweeps.readClock(),
  logger,
});
shutdown.add('partial sweep', () => sweep.stop());
role.reportReady('sftp serves', { port });
