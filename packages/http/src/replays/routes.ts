import { ReplayRequest, ReplayResult, TenantParams } from '@callbay/contracts';
import { type ApiStores, type JobQueue, replayMany } from '@callbay/ingestion';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['files'];

export function registerReplays(
  api: Api,
  { policies, bulkReplays, queue }: Pick<ApiStores, 'policies' | 'bulkReplays'> & { queue: JobQueue },
): void {
  const deps = { policies, replays: bulkReplays, queue };
  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/replays',
    config: { access: 'manage', turn: 'long' },
    schema: {
      tags: TAGS,
      operationId: 'replayMany',
      summary: 'Read files and visible calls again by the newest mapping, 500 at a time',
      params: TenantParams,
      body: ReplayRequest,
      response: { 200: json('What was replayed, and where to go on.', ReplayResult), ...PROBLEMS },
    },
    handler: async (request) => {
      const { tenantId } = request.params;
      return found(await replayMany(deps, { tenantId, request: request.body, by: actorOf(request) }));
    },
  });
}
