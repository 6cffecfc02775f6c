import {
  CrmListParams,
  CrmListQuery,
  CrmObject,
  CrmObjectList,
  CrmObjectParams,
  TenantParams,
  UnresolvedList,
  UnresolvedQuery,
} from '@callbay/contracts';
import type { CrmReader } from '@callbay/ingestion';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { sendJson } from '../server/send-json.ts';

const TAGS = ['crm'];

export function registerCrm(api: Api, { crm }: { crm: CrmReader }): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/crm/unresolved',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listUnresolved',
      summary: 'List references to CRM objects that have not come',
      params: TenantParams,
      querystring: UnresolvedQuery,
      response: { 200: json('One page: those of calls first.', UnresolvedList), ...PROBLEMS },
    },
    handler: ({ params, query }) => crm.listUnresolved(params.tenantId, query),
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/crm/:type',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listCrmObjects',
      summary: 'List the CRM objects of one type',
      params: CrmListParams,
      querystring: CrmListQuery,
      response: { 200: json('One page, by id.', CrmObjectList), ...PROBLEMS },
    },
    handler: async ({ params, query }, reply) =>
      sendJson(reply, await crm.listObjects(params.tenantId, params.type, query)),
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/crm/:type/:externalId',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'getCrmObject',
      summary: 'Read a CRM object as its files last said',
      params: CrmObjectParams,
      response: { 200: json('The object.', CrmObject), ...PROBLEMS },
    },
    handler: async ({ params }, reply) =>
      sendJson(reply, found(await crm.findObject(params.tenantId, params.type, params.externalId))),
  });
}
