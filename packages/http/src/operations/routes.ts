import { TenantStorageList, TenantStorageQuery } from '@callbay/contracts';
import type { OperationsReader } from '@callbay/ingestion';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

export function registerOperations(api: Api, { operations }: { operations: OperationsReader }): void {
  api.route({
    method: 'GET',
    url: '/v1/operations/tenants',
    config: { access: 'operate' },
    schema: {
      tags: ['operations'],
      operationId: 'listTenantStorage',
      summary: 'List how much each tenant stores, by id',
      querystring: TenantStorageQuery,
      response: { 200: json('One page.', TenantStorageList), ...PROBLEMS },
    },
    handler: ({ query }) => operations.listStorage(query),
  });
}
