import { randomUUID } from 'node:crypto';
import type {
  AuditReader,
  BlobStore,
  CallReader,
  CrmReader,
  EventReader,
  FileReader,
  KeyStore,
  MappingStore,
  ReplayFile,
  SftpUserStore,
  TenantStore,
} from '@callbay/ingestion';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { registerApiKeys } from './api-keys/routes.ts';
import { registerAudit } from './audit/routes.ts';
import { createAuthenticate } from './auth/authenticate.ts';
import { registerMedia } from './calls/media-routes.ts';
import { registerCalls } from './calls/routes.ts';
import { registerCrm } from './crm/routes.ts';
import { registerDocs } from './docs/routes.ts';
import { registerEvents } from './events/routes.ts';
import { registerFiles } from './files/routes.ts';
import { type HealthDeps, registerHealth } from './health/routes.ts';
import { registerHolds } from './holds/routes.ts';
import { registerMappings } from './mappings/routes.ts';
import { type PurgeReader, registerPurges } from './purges/routes.ts';
import type { Api } from './server/api.ts';
import { sendFailure } from './server/failures.ts';
import { SECURE_HEADERS } from './server/headers.ts';
import { acceptJson } from './server/json-body.ts';
import { answerUnknownPaths } from './server/known-paths.ts';
import { describeApi } from './server/openapi.ts';
import { validatorCompiler } from './server/validate.ts';
import { registerSftpKeys } from './sftp-users/key-routes.ts';
import { registerSftpUsers } from './sftp-users/routes.ts';
import { registerTenants } from './tenants/routes.ts';

/** What the routes stand on. */
export interface HttpDeps extends HealthDeps {
  readonly tenants: TenantStore;
  readonly keys: KeyStore;
  readonly sftpUsers: SftpUserStore;
  readonly mappings: MappingStore;
  readonly files: FileReader;
  readonly calls: CallReader;
  readonly crm: CrmReader;
  readonly audit: AuditReader;
  readonly events: EventReader;
  readonly purges: PurgeReader;
  readonly blobs: Pick<BlobStore, 'read' | 'size'>;
  readonly replayFile: ReplayFile;
}

export interface HttpOptions {
  /** 32 bytes that tenants' tokens are signed with: the secret key derived for `tenant-tokens`. */
  readonly tokenKey: Uint8Array;
  /** Where customers reach the SFTP server. */
  readonly sftp: { readonly host: string; readonly port: number };
  /** Addresses and CIDR ranges whose X-Forwarded-* headers are believed. */
  readonly trustProxy?: readonly string[];
  readonly logger?: FastifyBaseLogger;
  /** How often an event stream asks for more; 500 ms unless given. */
  readonly eventPollMs?: number;
}

const BODY_BYTES = 2 ** 20;
const HEADERS_MS = 15_000;
const REQUEST_MS = 60_000;

/**
 * The HTTP API, ready to listen. `close` ends event streams, waits for requests and closes idle connections. It owns
 * nothing it was given.
 */
export async function createHttpApi(deps: HttpDeps, options: HttpOptions): Promise<Api> {
  const { tokenKey, sftp, trustProxy = [], logger, eventPollMs = 500 } = options;
  const app = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: HEADERS_MS },
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
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURE_HEADERS).header('x-request-id', request.id);
  });
  answerUnknownPaths(app);
  await describeApi(app);

  await app.register(async (open) => {
    registerHealth(open.withTypeProvider<ZodTypeProvider>(), deps);
    await registerDocs(open.withTypeProvider<ZodTypeProvider>());
  });
  await app.register(async (closed) => {
    closed.addHook('onRequest', createAuthenticate({ ...deps, tokenKey }));
    const api = closed.withTypeProvider<ZodTypeProvider>();
    registerTenants(api, deps);
    registerApiKeys(api, { ...deps, tokenKey });
    registerSftpUsers(api, { ...deps, sftp });
    registerSftpKeys(api, deps);
    registerMappings(api, deps);
    registerFiles(api, deps);
    registerCalls(api, deps);
    registerMedia(api, deps);
    registerCrm(api, deps);
    registerHolds(api, deps);
    registerPurges(api, deps);
    registerAudit(api, deps);
    registerEvents(api, { ...deps, eventPollMs });
  });
  await app.ready();
  return app.withTypeProvider<ZodTypeProvider>();
}
