import type { FastifyInstance, FastifyRequest } from 'fastify';

const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

/**
 * Ends connections whose request is not complete in time, as Node's own `requestTimeout` does, which knows no routes: a body that
 * a handler reads as it comes may take as long as it moves. Register before the routes.
 */
export function boundBodiesInTime(app: FastifyInstance, limitMs: number): void {
  app.addHook('onRequest', async (request: FastifyRequest) => {
    const { raw, routeOptions } = request;
    if (routeOptions.config?.isStreamed === true || raw.complete) return;
    const timer = setTimeout(() => {
      if (raw.complete || raw.socket.destroyed) return;
      raw.socket.end(TOO_LATE);
      raw.socket.destroySoon();
    }, limitMs);
    const stop = (): void => clearTimeout(timer);
    raw.once('end', stop);
    raw.once('close', stop);
  });
}
