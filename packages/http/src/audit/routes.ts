import { AuditList, AuditListQuery } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { AuditReader } from '@callbay/ingestion';
import { isBoundTo, principalOf, scopeOf } from '../auth/principal.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

export function registerAudit(api: Api, { audit }: { audit: AuditReader }): void {
  api.route({
    method: 'GET',
    url: '/v1/audit',
    config: { access: 'manage' },
    schema: {
      tags: ['audit'],
      operationId: 'listAudit',
      summary: 'List who changed what, newest first',
      querystring: AuditListQuery,
      response: { 200: json('One page; a manager sees its tenants.', AuditList), ...PROBLEMS },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { tenantId } = request.query;
      if (tenantId !== undefined && !isBoundTo(principal, tenantId)) throw new CallbayError('NOT_FOUND');
      return audit.listAudit(scopeOf(principal), request.query);
    },
  });
}
