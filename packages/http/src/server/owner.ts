import type { FastifyRequest } from 'fastify';
import { principalOf } from '../auth/principal.ts';

/** Whose limits a request counts for: its tenant's, or those of its credential where the path names no tenant. */
export function ownerOf(request: FastifyRequest): string {
  const { tenantId } = request.params as { tenantId?: string };
  return tenantId === undefined ? `key ${principalOf(request).credentialId}` : `tenant ${tenantId}`;
}
