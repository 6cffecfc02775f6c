import { CallbayError } from '@callbay/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ownerOf } from './owner.ts';

/** Of one tenant, and of all. */
const BYTES_PER_OWNER = 64 * 2 ** 20;
const BYTES = 4 * BYTES_PER_OWNER;

/**
 * Bounds what requests hold in this process's memory: bodies from their headers on, before any of a body is read, and
 * answers until their client has taken them. A tenant is refused for its own bytes only. Register after the hook that
 * authenticates.
 */
export function boundHeldBytes(app: FastifyInstance): void {
  const held = new Map<string, number>();
  let total = 0;
  const add = (owner: string, bytes: number): void => {
    const left = (held.get(owner) ?? 0) + bytes;
    if (left === 0) held.delete(owner);
    else held.set(owner, left);
    total += bytes;
  };
  const mayHold = (owner: string, bytes: number): boolean => {
    const own = held.get(owner) ?? 0;
    return own === 0 || (own + bytes <= BYTES_PER_OWNER && total + bytes <= BYTES);
  };

  app.addHook('onRequest', async (request, reply) => {
    const owner = ownerOf(request);
    const bytes = sizeOfBody(request);
    if (!mayHold(owner, bytes)) {
      throw new CallbayError('RATE_LIMITED', 'Too many large bodies and answers are under way.');
    }
    add(owner, bytes);
    reply.raw.once('close', () => add(owner, -bytes));
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const bytes = sizeOfAnswer(payload);
    // Of a client that has gone, nothing is held and no end is told.
    if (bytes === 0 || request.principal === null || reply.raw.destroyed) return;
    const owner = ownerOf(request);
    add(owner, bytes);
    reply.raw.once('close', () => add(owner, -bytes));
  });
}

/** What a body may take: what its header says, and at most what the route accepts. */
function sizeOfBody({ headers, routeOptions, server }: FastifyRequest): number {
  if (routeOptions.config?.isStreamed === true) return 0;
  const limit = routeOptions.bodyLimit ?? server.initialConfig.bodyLimit ?? 0;
  if (headers['transfer-encoding'] !== undefined) return limit;
  const said = Number(headers['content-length'] ?? 0);
  return Number.isFinite(said) ? Math.min(Math.max(said, 0), limit) : limit;
}

/** A stream is read as fast as its client takes it, and holds next to nothing. */
const sizeOfAnswer = (payload: unknown): number =>
  Buffer.isBuffer(payload) || typeof payload === 'string' ? Buffer.byteLength(payload) : 0;
