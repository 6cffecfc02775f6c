import {
  GoLive,
  NewTenant,
  Readiness,
  Tenant,
  TenantChange,
  TenantList,
  TenantListQuery,
  TenantParams,
} from '@callbay/contracts';
import type { TenantStore } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf, principalOf, scopeOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { assertRecipients, type RecipientChecks } from './recipients-change.ts';
import { assertStageIsTheirs } from './stage-change.ts';

const TAGS = ['tenants'];
const Confirm = z.strictObject({
  confirm: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'A data retention that deletes calls wants `true`.' }),
});

export function registerTenants(
  api: Api,
  { tenants, recipients }: { tenants: TenantStore; recipients: RecipientChecks },
): void {
  api.route({
    method: 'POST',
    url: '/v1/tenants',
    config: { access: 'operate' },
    schema: {
      tags: TAGS,
      operationId: 'createTenant',
      summary: 'Make a tenant',
      body: NewTenant,
      response: { 201: json('The tenant.', Tenant), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      await assertRecipients(request.body.settings, recipients);
      reply.code(201);
      return tenants.createTenant(request.body, actorOf(request));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listTenants',
      summary: 'List the tenants that this credential is bound to, by id',
      querystring: TenantListQuery,
      response: { 200: json('One page.', TenantList), ...PROBLEMS },
    },
    handler: (request) => tenants.listTenants(scopeOf(principalOf(request)), request.query),
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'getTenant',
      summary: 'Read a tenant',
      params: TenantParams,
      response: { 200: json('The tenant.', Tenant), ...PROBLEMS },
    },
    handler: async ({ params }) => found(await tenants.findTenant(params.tenantId)),
  });

  api.route({
    method: 'PATCH',
    url: '/v1/tenants/:tenantId',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'updateTenant',
      summary: 'Change a tenant; settings are merged',
      params: TenantParams,
      querystring: Confirm,
      body: TenantChange,
      response: { 200: json('The tenant as it is now.', Tenant), ...PROBLEMS },
    },
    handler: async (request) => {
      const { tenantId } = request.params;
      const tenant = found(await tenants.findTenant(tenantId));
      assertStageIsTheirs(principalOf(request).role, tenant.stage, request.body.stage);
      await assertRecipients(request.body.settings, recipients);
      const options = { isConfirmed: request.query.confirm === 'true' };
      return found(await tenants.updateTenant(tenantId, request.body, actorOf(request), options));
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/go-live',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'goLive',
      summary: 'Surface complete calls from now on, those that wait included',
      params: TenantParams,
      body: GoLive.optional(),
      response: { 200: json('The live tenant.', Tenant), ...PROBLEMS },
    },
    handler: async (request) => {
      const { tenantId } = request.params;
      const tenant = found(await tenants.findTenant(tenantId));
      assertStageIsTheirs(principalOf(request).role, tenant.stage, 'live');
      const from = request.body?.surfaceFrom;
      const surfaceFrom = typeof from === 'string' ? new Date(from) : from;
      return found(await tenants.goLive(tenantId, surfaceFrom, actorOf(request)));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/readiness',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'getReadiness',
      summary: 'What stands between a tenant and going live',
      params: TenantParams,
      response: { 200: json('The checks and counts.', Readiness), ...PROBLEMS },
    },
    handler: async ({ params }) => found(await tenants.readReadiness(params.tenantId)),
  });
}
