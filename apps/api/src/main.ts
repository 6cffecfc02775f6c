// The way in for people and the way out for calls: the admin and export API over HTTP.
import { Server as TlsServer } from 'node:tls';
import { createBucketClients, createS3Provisioner } from '@callbay/buckets';
import { createHttpApi } from '@callbay/http';
import { createSampler, createStorageRoom } from '@callbay/ingestion';
import { createApiStores, createDropView, createFileReceiver } from '@callbay/postgres';
import { openRole } from '@callbay/role';
import { createSealer, deriveKey, type S3Config, watchTlsIdentity } from '@callbay/runtime';
import { createUploadDoor } from '@callbay/sources';
import { KafkaTarget } from '@callbay/targets';
import { countDatabase } from './count-database.ts';
import { startUploadSweep } from './upload-sweep.ts';

const role = await openRole('api');
const { config, db, logger, metrics, queue, shutdown } = role;

const stores = createApiStores(db, createSealer(role.secretKey));
const sampler = createSampler({ processes: 2 });
shutdown.add('sampler', async () => sampler[Symbol.asyncDispose]());

/** The part of the API that makes buckets. */
function openBuckets(s3: S3Config) {
  const clients = createBucketClients(s3);
  shutdown.add('buckets', async () => clients.close());
  const { bucketPrefix, sharedBucket, webhookUrl } = s3;
  const scheme = config.http.tls === null ? 'http' : 'https';
  return {
    provisioner: createS3Provisioner(clients, { ...s3, queueBuckets: sharedBucket ?? `${bucketPrefix}*` }),
    names: { bucketPrefix, sharedBucket },
    tokenKey: deriveKey(role.secretKey, 's3-events'),
    webhookBase: webhookUrl ?? `${scheme}://${config.publicHost}:${config.http.port}`,
  };
}

const feedTarget = new KafkaTarget({ rules: { allow: config.webhookAllow } });
shutdown.add('feed target', async () => feedTarget[Symbol.asyncDispose]());

const view = createDropView(db);
const background = new Set<Promise<void>>();
shutdown.add('wake-ups of the pipeline', async () => {
  await Promise.all(background);
});
const uploads = createUploadDoor(
  {
    receiver: createFileReceiver(db),
    blobs: role.blobs,
    room: createStorageRoom({ blobs: role.blobs, log: logger, floorBytes: config.diskFloorBytes }),
    queue,
    log: logger,
    inBackground: (work) => {
      background.add(work.finally(() => background.delete(work)));
    },
    received: (sizeBytes) => {
      metrics.filesReceived.inc({ drop: 'api' });
      metrics.bytesReceived.inc({ drop: 'api' }, sizeBytes);
    },
  },
  { spoolDir: config.spoolFolder },
);
const sweep = startUploadSweep({
  spoolDir: config.spoolFolder,
  readDatabaseClock: () => stores.purges.readClock(),
  logger,
});
shutdown.add('sweep of uploads', () => sweep.stop());

const api = await createHttpApi(
  {
    ...stores,
    queue,
    uploads,
    view,
    feedTarget,
    sampler,
    blobs: role.blobs,
    checks: { ...role.probes },
    metrics: {
      contentType: metrics.registry.contentType,
      text: async () => {
        await countDatabase({ stores, metrics, blobs: role.blobs, logger });
        return role.readAllMetrics();
      },
    },
    answered: (answer, seconds) => metrics.httpSeconds.observe(answer, seconds),
    untrustedProxy: () => metrics.httpUntrustedForwarded.inc(),
  },
  {
    tokenKey: deriveKey(role.secretKey, 'tenant-tokens'),
    sftp: { host: config.publicHost, port: config.sftp.publicPort },
    folderRoot: config.folders?.root ?? null,
    s3: config.s3 === null ? null : openBuckets(config.s3),
    trustProxy: config.http.trustProxy,
    tls: role.tls,
    webhookAllow: config.webhookAllow,
    sendsMail: config.mail !== null,
    metricsToken: config.metricsToken,
    logger,
  },
);
await api.listen({ host: config.bind, port: config.http.port });
shutdown.add('http server', () => api.close());
const { server } = api;
if (config.http.tls !== null && role.tls !== null && server instanceof TlsServer) {
  const unwatch = watchTlsIdentity(config.http.tls, {
    served: role.tls.fingerprint256,
    onRenewed: ({ cert, key, notAfter }) => {
      server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' });
      logger.info({ notAfter }, 'the TLS certificate was renewed');
    },
    onProblem: (err) => logger.error({ err }, 'the new TLS certificate cannot be used; the one before stays'),
  });
  shutdown.add('TLS certificate', async () => unwatch());
}

const address = api.server.address();
const port = typeof address === 'object' && address !== null ? address.port : config.http.port;
role.reportReady('api serves', { port });
