import { randomBytes } from 'node:crypto';
import {
  AlertDeliveryList,
  AlertDeliveryListQuery,
  AlertList,
  AlertListQuery,
  CreatedWebhookSecret,
  NewTestAlert,
  NewWebhookSecret,
  TenantParams,
  TestAlert,
} from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { AlertReader } from '@callbay/ingestion';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['alerts'];
const SECRET_BYTES = 32;

export function registerAlerts(api: Api, { alerts }: { alerts: AlertReader }): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/alerts',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listAlerts',
      summary: 'List what is, or was, wrong with the feed',
      params: TenantParams,
      querystring: AlertListQuery,
      response: { 200: json('One page, newest first.', AlertList), ...PROBLEMS },
    },
    handler: ({ params, query }) => alerts.listAlerts(params.tenantId, query),
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/alerts/deliveries',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listAlertDeliveries',
      summary: 'List digests sent, and why some were not',
      params: TenantParams,
      querystring: AlertDeliveryListQuery,
      response: { 200: json('One page, newest first.', AlertDeliveryList), ...PROBLEMS },
    },
    handler: ({ params, query }) => alerts.listDeliveries(params.tenantId, query),
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/alerts/test',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'sendTestAlert',
      summary:
        'Send a test alert to every recipient that is set; `…/alerts/deliveries` shows whether it arrived',
      params: TenantParams,
      body: NewTestAlert.optional(),
      response: { 202: json('Its deliveries, tried within a minute.', TestAlert), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const deliveries = found(await alerts.sendTest(request.params.tenantId, actorOf(request)));
      if (deliveries.length === 0) {
        const detail = 'No recipient is set: set `settings.alerts.emails` or `settings.alerts.webhookUrl`.';
        throw new CallbayError('UNPROCESSABLE', detail);
      }
      reply.code(202);
      return { deliveries };
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/alerts/webhook-secret',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'createWebhookSecret',
      summary: 'Make the secret that webhooks are signed with, in place of any before; it is shown this once',
      params: TenantParams,
      body: NewWebhookSecret.optional(),
      response: { 201: json('The secret.', CreatedWebhookSecret), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64url')}`;
      found(await alerts.replaceWebhookSecret(request.params.tenantId, secret, actorOf(request)));
      reply.code(201);
      return { secret };
    },
  });
}
