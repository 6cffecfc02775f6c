import { randomUUID } from 'node:crypto';
import { S3_EVENT_BYTES, SAMPLE_BYTES, UPLOAD_BYTES } from '@callbay/contracts';
import type {
  ApiStores,
  BlobStore,
  DropView,
  FeedTarget,
  JobQueue,
  Sampler,
  UploadDoor,
} from '@callbay/ingestion';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { registerAlerts } from './alerts/routes.ts';
import { registerAnalyses } from './analysis/routes.ts';
import { registerApiKeys } from './api-keys/routes.ts';
import { registerAudit } from './audit/routes.ts';
import { createAuthenticate, createIdentify } from './auth/authenticate.ts';
import { registerMedia } from './calls/media-routes.ts';
import { registerCalls } from './calls/routes.ts';
import { registerConfig } from './config/routes.ts';
import { registerCrm } from './crm/routes.ts';
import { registerDataRetention } from './data-retention/routes.ts';
import { registerDocs } from './docs/routes.ts';
import { registerEvents } from './events/routes.ts';
import { registerExports } from './exports/routes.ts';
import { registerExternalRecordings } from './external-recordings/routes.ts';
import { registerFeed } from './feeds/routes.ts';
import { registerFiles } from './files/routes.ts';
import { registerFolderDrop } from './folder-drop/routes.ts';
import { type HealthDeps, registerHealth } from './health/routes.ts';
import { registerHolds } from './holds/routes.ts';
import { registerMappings } from './mappings/routes.ts';
import { registerMatches } from './matches/routes.ts';
import { registerOperations } from './operations/routes.ts';
import { registerPurges } from './purges/routes.ts';
import { registerReconciliation } from './reconciliation/routes.ts';
import { registerReplays } from './replays/routes.ts';
import { registerS3Events } from './s3-drop/event-routes.ts';
import { registerS3Drop, type S3RoutesDeps } from './s3-drop/routes.ts';
import { registerLints } from './samples/lint-routes.ts';
import { registerPreviews } from './samples/preview-routes.ts';
import { registerSamples } from './samples/routes.ts';
import { type Answered, watchAnswers } from './server/answered.ts';
import type { Api } from './server/api.ts';
import { sendFailure } from './server/failures.ts';
import { SECURE_HEADERS } from './server/headers.ts';
import { boundHeldBytes } from './server/held-bytes.ts';
import { acceptJson } from './server/json-body.ts';
import { answerUnknownPaths } from './server/known-paths.ts';
import { boundBodiesInTime } from './server/late-bodies.ts';
import { logRequests } from './server/log-requests.ts';
import { describeApi } from './server/openapi.ts';
import { acceptBytes, leaveBodies } from './server/raw-body.ts';
import { watchSilentConnections } from './server/silent-connections.ts';
import { giveTurns } from './server/tenant-turns.ts';
import { reportUntrustedProxies } from './server/untrusted-proxy.ts';
import { validatorCompiler } from './server/validate.ts';
import { registerSftpKeys } from './sftp-users/key-routes.ts';
import { registerSftpUsers } from './sftp-users/routes.ts';
import { createResolveHost, type ResolveHost } from './tenants/resolve-host.ts';
import { registerTenants } from './tenants/routes.ts';
import { registerUploads } from './uploads/routes.ts';
import { registerWebhooks } from './webhooks/routes.ts';

/** What the routes stand on. */
export interface HttpDeps extends ApiStores, HealthDeps {
  readonly blobs: Pick<BlobStore, 'read' | 'size'>;
  readonly queue: JobQueue;
  /** Takes files in. */
  readonly uploads: UploadDoor;
  readonly view: Pick<DropView, 'withdrawFile'>;
  /** Tests the connections of feeds. */
  readonly feedTarget: Pick<FeedTarget, 'probe'>;
  /** Reads what people send: samples and set-up files. */
  readonly sampler: Sampler;
  /** Called for every answer as it begins, event streams apart. */
  readonly answered?: Answered;
  /** Called for every request that names a proxy while no proxy is trusted. */
  readonly untrustedProxy?: () => void;
}

export interface HttpOptions {
  /** 32 bytes that tenants' tokens are signed with: the secret key derived for `tenant-tokens`. */
  readonly tokenKey: Uint8Array;
  /** Where customers reach the SFTP server. */
  readonly sftp: { readonly host: string; readonly port: number };
  /** Where folders of tenants are scanned; null, or not given: nowhere. */
  readonly folderRoot?: string | null;
  /** How buckets are made; null, or not given: they are not. */
  readonly s3?: S3RoutesDeps['s3'];
  /** Addresses and CIDR ranges whose X-Forwarded-* headers are believed. */
  readonly trustProxy?: readonly string[];
  /** Certificate, chain and key in PEM: HTTP over TLS. Without it, or null: plain. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly logger?: FastifyBaseLogger;
  /** What scrapers of the metrics send; unless given, an operator's key, or nothing from this machine. */
  readonly metricsToken?: string | null;
  /** CIDR ranges that webhooks may go to although they are not public; none unless given. */
  readonly webhookAllow?: readonly string[];
  /** Whether e-mail goes out: addresses for alerts are refused where it does not. True unless given. */
  readonly sendsMail?: boolean;
  /** Resolves the names of webhooks when they are set; by the system unless given. */
  readonly resolveHost?: ResolveHost;
  /** How often an event stream asks for more; 500 ms unless given. */
  readonly eventPollMs?: number;
  /** How often an event stream's credential is asked for again; 15 s unless given. */
  readonly eventHeartbeatMs?: number;
  /** How long a request may take to arrive; 60 s unless given. */
  readonly requestMs?: number;
  /** The most event streams of this process at once; 200 unless given. */
  readonly eventStreams?: number;
  /** The most of them that one tenant may have; 20 unless given. */
  readonly eventStreamsPerTenant?: number;
}

const BODY_BYTES = 2 ** 20;
const HEADERS_MS = 15_000;
const REQUEST_MS = 60_000;
/** Longer than any answer takes to begin. A client that reads nothing for so long holds an answer for nothing. */
const SILENCE_MS = 180_000;

/** Server options of Node's, which fastify keeps apart for HTTP and HTTPS. */
function serverOptions(tls: { readonly cert: Buffer; readonly key: Buffer } | null) {
  const common = { headersTimeout: HEADERS_MS };
  if (tls === null) return { http: common };
  return { https: { ...common, ...tls, minVersion: 'TLSv1.2' as const, handshakeTimeout: HEADERS_MS } };
}

/**
 * The HTTP API, ready to listen. `close` ends event streams, waits for requests and closes idle connections. It owns
 * nothing it was given.
 */
export async function createHttpApi(deps: HttpDeps, options: HttpOptions): Promise<Api> {
  const { tokenKey, sftp, trustProxy = [], logger, webhookAllow = [] } = options;
  const recipients = {
    rules: { allow: webhookAllow },
    resolveHost: options.resolveHost ?? createResolveHost(),
    sendsMail: options.sendsMail ?? true,
  };
  const eventLimits = {
    pollMs: options.eventPollMs ?? 500,
    heartbeatMs: options.eventHeartbeatMs ?? 15_000,
    limit: options.eventStreams ?? 200,
    perTenant: options.eventStreamsPerTenant ?? 20,
  };
  const app = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    bodyLimit: BODY_BYTES,
    // A hook does it for all bodies but those that are read as they come.
    requestTimeout: 0,
    connectionTimeout: SILENCE_MS,
    ...serverOptions(options.tls ?? null),
    // One line a request, below, in place of two.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: sendFailure,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendFailure);
  acceptJson(app);
  boundBodiesInTime(app, options.requestMs ?? REQUEST_MS);
  const endSilentConnections = watchSilentConnections(app.server);
  app.addHook('preClose', async () => endSilentConnections());
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURE_HEADERS).header('x-request-id', request.id);
  });
  logRequests(app);
  if (deps.answered !== undefined) watchAnswers(app, deps.answered);
  answerUnknownPaths(app);
  await describeApi(app);

  const identify = createIdentify({ ...deps, tokenKey });
  await app.register(async (open) => {
    const access = { token: options.metricsToken ?? null, identify };
    registerHealth(open.withTypeProvider<ZodTypeProvider>(), { ...deps, access });
    await registerDocs(open.withTypeProvider<ZodTypeProvider>());
    await open.register(async (pushed) => {
      acceptBytes(pushed, S3_EVENT_BYTES);
      registerS3Events(pushed.withTypeProvider<ZodTypeProvider>(), deps);
    });
  });
  await app.register(async (closed) => {
    closed.addHook('onRequest', createAuthenticate({ ...deps, identify }));
    if (trustProxy.length === 0) reportUntrustedProxies(closed, deps.untrustedProxy ?? (() => {}));
    boundHeldBytes(closed);
    giveTurns(closed);
    const api = closed.withTypeProvider<ZodTypeProvider>();
    registerTenants(api, { ...deps, recipients });
    registerApiKeys(api, { ...deps, tokenKey });
    registerSftpUsers(api, { ...deps, sftp });
    registerSftpKeys(api, deps);
    registerFolderDrop(api, { ...deps, folderRoot: options.folderRoot ?? null });
    registerS3Drop(api, { ...deps, s3: options.s3 ?? null });
    registerMappings(api, deps);
    registerFiles(api, deps);
    registerCalls(api, deps);
    registerMedia(api, deps);
    registerAnalyses(api, deps);
    registerExports(api, deps);
    registerCrm(api, deps);
    registerHolds(api, deps);
    registerPurges(api, deps);
    registerDataRetention(api, deps);
    registerAlerts(api, deps);
    registerReconciliation(api, deps);
    registerAudit(api, deps);
    registerOperations(api, deps);
    registerEvents(api, deps, eventLimits);
    registerWebhooks(api, { ...deps, recipients });
    registerFeed(api, deps);
    registerPreviews(api, deps);
    registerLints(api, deps);
    registerReplays(api, deps);
    await closed.register(async (bytes) => {
      acceptBytes(bytes, SAMPLE_BYTES);
      registerSamples(bytes.withTypeProvider<ZodTypeProvider>(), deps);
      registerConfig(bytes.withTypeProvider<ZodTypeProvider>(), { ...deps, recipients });
    });
    await closed.register(async (streamed) => {
      leaveBodies(streamed, UPLOAD_BYTES);
      registerUploads(streamed.withTypeProvider<ZodTypeProvider>(), deps);
    });
    registerExternalRecordings(api, deps);
    registerMatches(api, deps);
  });
  await app.ready();
  return app.withTypeProvider<ZodTypeProvider>();
}
