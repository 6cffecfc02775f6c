import type { FastifyInstance } from 'fastify';

const PERIOD_MS = 3_600_000;

/**
 * Reports requests that say they came through a proxy while no proxy is trusted: where a balancer does stand in front,
 * every client then has the balancer's address, in the audit and in the limits per address. Register after the hook
 * that authenticates, because a stranger may send any header.
 */
export function reportUntrustedProxies(app: FastifyInstance, seen: () => void): void {
  let quietUntil = 0;
  app.addHook('onRequest', async (request) => {
    if (request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined) return;
    seen();
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + PERIOD_MS;
    request.log.warn(
      { peer: request.socket.remoteAddress },
      'a request came with X-Forwarded-For, which is ignored: where a balancer stands in front, set CALLBAY_TRUST_PROXY to its address',
    );
  });
}
