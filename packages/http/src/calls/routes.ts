import {
  Call,
  CallChange,
  CallList,
  CallListQuery,
  CallParams,
  encodeCursor,
  History,
  HistoryQuery,
  TenantParams,
} from '@callbay/contracts';
import type { CallReader, MappingStore, RevisionRow } from '@callbay/ingestion';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { sendJson } from '../server/send-json.ts';
import { callJson, revisionJson } from './call-json.ts';
import { readConditions } from './conditions.ts';

const TAGS = ['calls'];

export interface CallsDeps {
  readonly calls: CallReader;
  readonly mappings: Pick<MappingStore, 'findMapping'>;
}

export function registerCalls(api: Api, { calls, mappings }: CallsDeps): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/calls',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listCalls',
      summary: 'Search surfaced calls',
      description:
        'Any field is searched by `field.<name>=` (equal), `field.<name>.gte=` and `field.<name>.lt=`, by the type that the field mapping gives it: numbers, durations and instants as such, all else as text. A field without a type is compared as a number where both sides are one. `user`, `direction`, `startedAt`, `endedAt` and `durationSeconds` are what the call itself says.',
      params: TenantParams,
      querystring: CallListQuery,
      response: { 200: json('One page.', CallList), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId }, query }, reply) => {
      const fields = await readConditions(mappings, tenantId, query.fields);
      const { items, nextCursor } = await calls.listCalls(tenantId, { ...query, fields });
      return sendJson(reply, { items: items.map((call) => callJson(tenantId, call)), nextCursor });
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/calls/:callId',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'getCall',
      summary: 'Read a call in its newest revision',
      params: CallParams,
      response: { 200: json('The call.', Call), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, callId } }, reply) =>
      sendJson(reply, callJson(tenantId, found(await calls.findCall(tenantId, callId)))),
  });

  api.route({
    method: 'PATCH',
    url: '/v1/tenants/:tenantId/calls/:callId',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'updateCall',
      summary: 'Say that a call is evaluated, or under legal hold',
      params: CallParams,
      body: CallChange,
      response: { 200: json('The call as it is now.', Call), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const { tenantId, callId } = request.params;
      const call = found(await calls.updateCall(tenantId, callId, request.body, actorOf(request)));
      return sendJson(reply, callJson(tenantId, call));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/calls/:callId/history',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listCallHistory',
      summary: 'List what each revision changed, oldest first',
      params: CallParams,
      querystring: HistoryQuery,
      response: { 200: json('One page.', History), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, callId }, query }, reply) => {
      const { items, nextCursor } = found(await calls.listHistory(tenantId, callId, query));
      const path = `/v1/tenants/${tenantId}/calls/${callId}/history`;
      const toJson = (row: RevisionRow) => revisionJson(path, encodeCursor(row.revision - 1), row);
      return sendJson(reply, { items: items.map(toJson), nextCursor });
    },
  });
}
