import { ReplayRequest, ReplayResult, TenantParams } from '@callbay/contracts';
import type { Actor } from '@callbay/ingestion';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const tags = ['files'];

/** `replayMany` with its adapters in hand. */
export type ReplayMany = (
  tenantId: string,
  request: ReplayRequest,
  by: Actor,
) => Promise<ReplayResult | null>;

export function registerReplays(api: Api, { replayMany }: { replayMany: ReplayMany }): void {
  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/replays',
    config: { access: 'manage' },
    schema: {
      ...{
        tags,
        operationId: 'replayMany',
        summary: 'Read files and visible calls again by the newest mapping, 500 at a time',
      },
      params: TenantParams,
      body: ReplayRequest,
      response: { 200: json('What was replayed, and where to go on.', ReplayResult), ...PROBLEMS },
    },
    handler: async (request) =>
      found(await replayMany(request.params.tenantId, request.body, actorOf(request))),
  });
}
