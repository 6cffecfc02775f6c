import { Reconciliation, ReconciliationQuery, TenantParams } from '@callbay/contracts';
import type { ReconciliationStore } from '@callbay/ingestion';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

export function registerReconciliation(
  api: Api,
  { reconciliations }: { reconciliations: Pick<ReconciliationStore, 'reconcile'> },
): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/reconciliation',
    config: { access: 'read' },
    schema: {
      tags: ['files'],
      operationId: 'getReconciliation',
      summary: 'What became of the files received on a day, each counted once',
      params: TenantParams,
      querystring: ReconciliationQuery,
      response: { 200: json('The day as it stands now, and as it closed.', Reconciliation), ...PROBLEMS },
    },
    handler: async ({ params, query }) => found(await reconciliations.reconcile(params.tenantId, query.day)),
  });
}
