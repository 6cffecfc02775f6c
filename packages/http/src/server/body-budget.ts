import { CallbayError } from '@callbay/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { principalOf } from '../auth/principal.ts';

/** Bodies of this process that are being received or are in use: of one tenant, and of all. */
const BYTES_PER_TENANT = 64 * 2 ** 20;
const BYTES = 4 * BYTES_PER_TENANT;

/**
 * Bounds what request bodies hold in memory, before any of a body is read: a body counts from its headers until its
 * answer has been sent. Register after the hook that authenticates.
 */
export function boundBodies(app: FastifyInstance): void {
  const held = new Map<string, number>();
  let total = 0;
  const add = (owner: string, bytes: number): void => {
    const left = (held.get(owner) ?? 0) + bytes;
    if (left === 0) held.delete(owner);
    else held.set(owner, left);
    total += bytes;
  };
  app.addHook('onRequest', async (request, reply) => {
    const bytes = sizeOfBody(request);
    if (bytes === 0) return;
    const { tenantId } = request.params as { tenantId?: string };
    const owner = tenantId === undefined ? `key ${principalOf(request).credentialId}` : `tenant ${tenantId}`;
    const isOver = (held.get(owner) ?? 0) + bytes > BYTES_PER_TENANT || total + bytes > BYTES;
    if (isOver) throw new CallbayError('RATE_LIMITED', 'Too many large requests are being answered.');
    add(owner, bytes);
    reply.raw.once('close', () => add(owner, -bytes));
  });
}

/** What a body may take: what its header says, and at most what the route accepts. */
function sizeOfBody({ headers, routeOptions, server }: FastifyRequest): number {
  const limit = routeOptions.bodyLimit ?? server.initialConfig.bodyLimit ?? 0;
  if (headers['transfer-encoding'] !== undefined) return limit;
  const said = Number(headers['content-length'] ?? 0);
  return Number.isFinite(said) ? Math.min(Math.max(said, 0), limit) : limit;
}
