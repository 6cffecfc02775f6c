import type { Role } from '@callbay/contracts';
import type { Actor, Scope } from '@callbay/ingestion';
import type { FastifyRequest } from 'fastify';

/** Who asks: the credential a request came with. */
export interface Principal {
  readonly credentialId: string;
  readonly label: string;
  readonly role: Role;
  readonly tenantIds: readonly string[];
}

/** The request's principal. Throws where a route forgot to ask for one. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Error('a route below /v1 ran without a principal');
  return request.principal;
}

/** The tenants a principal may see. */
export const scopeOf = ({ role, tenantIds }: Principal): Scope => (role === 'operator' ? null : tenantIds);

export const isBoundTo = ({ role, tenantIds }: Principal, tenantId: string): boolean =>
  role === 'operator' || tenantIds.includes(tenantId);

/** Who the audit names for what this request changes. */
export function actorOf(request: FastifyRequest): Actor {
  const { label, credentialId } = principalOf(request);
  return { name: `${label} (${credentialId})`, remoteAddress: request.ip };
}
