import { Match, MatchList, MatchListQuery, MatchParams, TenantParams } from '@callbay/contracts';
import type { MatchStore } from '@callbay/ingestion';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['metadata only'];

export function registerMatches(api: Api, { matches }: { matches: MatchStore }): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/matches',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listMatches',
      summary: 'List matches by shared fields, newest first',
      params: TenantParams,
      querystring: MatchListQuery,
      response: { 200: json('One page; each says what every field contributes.', MatchList), ...PROBLEMS },
    },
    handler: ({ params, query }) => matches.listMatches(params.tenantId, query),
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/matches/:matchId/accept',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'acceptMatch',
      summary: 'Make a proposed pair one call, whatever its score',
      params: MatchParams,
      response: { 200: json('The match.', Match), ...PROBLEMS },
    },
    handler: async (request) => {
      const { tenantId, matchId } = request.params;
      return found(await matches.acceptMatch(tenantId, matchId, actorOf(request)));
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/matches/:matchId/refuse',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'refuseMatch',
      summary: 'Refuse a proposed pair, for ever',
      params: MatchParams,
      response: { 200: json('The match.', Match), ...PROBLEMS },
    },
    handler: async (request) => {
      const { tenantId, matchId } = request.params;
      return found(await matches.refuseMatch(tenantId, matchId, actorOf(request)));
    },
  });
}
