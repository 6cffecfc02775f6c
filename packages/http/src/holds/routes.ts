import { HoldList, HoldListQuery, TenantParams } from '@callbay/contracts';
import type { CallReader } from '@callbay/ingestion';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

export function registerHolds(api: Api, { calls }: { calls: Pick<CallReader, 'listHolds'> }): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/holds',
    config: { access: 'read' },
    schema: {
      tags: ['calls'],
      operationId: 'listHolds',
      summary: 'List what waits, for what and until when',
      params: TenantParams,
      querystring: HoldListQuery,
      response: { 200: json('One page, longest waiting first.', HoldList), ...PROBLEMS },
    },
    handler: ({ params, query }) => calls.listHolds(params.tenantId, query),
  });
}
