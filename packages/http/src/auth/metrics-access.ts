import { isIPv4 } from 'node:net';
import { CallbayError } from '@callbay/core';
import { digestOf, isSameDigest } from '@callbay/ingestion';
import type { FastifyRequest } from 'fastify';
import { bearerOf, type Identify } from './authenticate.ts';

export interface MetricsAccess {
  /** What scrapers send as a bearer token; null: none is set, and a scraper on this machine needs none. */
  readonly token: string | null;
  readonly identify: Identify;
}

/** Headers of those who ask for somebody else: what a proxy on this machine adds for a stranger. */
const FORWARDING = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'];

/**
 * Throws UNAUTHENTICATED or FORBIDDEN, as every route does, for whoever may not read the metrics: allowed are the
 * metrics token, an operator's key, and, where no token is set, a process on this machine.
 */
export async function assertMayReadMetrics(
  request: FastifyRequest,
  { token, identify }: MetricsAccess,
): Promise<void> {
  const secret = bearerOf(request);
  if (secret === undefined && token === null && comesFromThisMachine(request)) return;
  if (secret !== undefined && token !== null && isSameDigest(digestOf(secret), digestOf(token))) return;
  const { role } = await identify(request);
  if (role !== 'operator') throw new CallbayError('FORBIDDEN');
}

function comesFromThisMachine({ socket, headers }: FastifyRequest): boolean {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const isLoopback = address === '::1' || (isIPv4(address) && address.startsWith('127.'));
  return isLoopback && FORWARDING.every((name) => headers[name] === undefined);
}
