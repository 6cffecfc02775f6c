import type { FastifyInstance } from 'fastify';

/** What machines ask for every few seconds is only logged at the level `debug`. */
const FREQUENT = new Set(['/health/live', '/health/ready', '/metrics']);

/** Paths that hold a secret are logged as the pattern of their route. */
const SECRET_PATHS = new Set(['/v1/s3-events/:token']);

/**
 * Logs one line for each answer: who asked for what, and how it ended. Paths without their query, which may hold what
 * somebody searched for.
 */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode } = reply;
    const { url = '' } = request.routeOptions;
    const line = {
      requestId: request.id,
      method: request.method,
      path: SECRET_PATHS.has(url) ? url : request.url.split('?', 1)[0],
      status: statusCode,
      ms: Math.round(reply.elapsedTime),
      address: request.ip,
      credential: request.principal?.credentialId,
    };
    const level = statusCode >= 500 ? 'error' : FREQUENT.has(url) ? 'debug' : 'info';
    request.log[level](line, 'request');
  });
}
