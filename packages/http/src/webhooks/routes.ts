import { randomBytes } from 'node:crypto';
import {
  EventReplay,
  EventReplayStarted,
  NewWebhook,
  TenantParams,
  Webhook,
  WebhookChange,
  WebhookDeliveryList,
  WebhookDeliveryListQuery,
  WebhookList,
  WebhookListQuery,
  WebhookParams,
} from '@callbay/contracts';
import type { WebhookAdmin } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { assertWebhookUrl, type RecipientChecks } from '../tenants/recipients-change.ts';

export interface WebhookDeps {
  readonly webhooks: WebhookAdmin;
  readonly recipients: RecipientChecks;
}

const TAGS = ['webhooks'];
const ALL = '/v1/tenants/:tenantId/webhooks';
const ONE = `${ALL}/:webhookId`;
const SECRET_BYTES = 32;

const newSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

export function registerWebhooks(api: Api, { webhooks, recipients }: WebhookDeps): void {
  api.route({
    method: 'POST',
    url: ALL,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'createWebhook',
      summary: 'Post events to an address, from now on; the secret is shown this once',
      params: TenantParams,
      body: NewWebhook,
      response: { 201: json('The webhook with its secret.', Webhook), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      await assertWebhookUrl(request.body.url, 'url', recipients);
      const secret = newSecret();
      const { tenantId } = request.params;
      const made = found(
        await webhooks.createWebhook(tenantId, { ...request.body, secret }, actorOf(request)),
      );
      reply.code(201);
      return { ...made, secret };
    },
  });

  api.route({
    method: 'GET',
    url: ALL,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'listWebhooks',
      summary: 'List webhooks, with what waits for each',
      params: TenantParams,
      querystring: WebhookListQuery,
      response: { 200: json('One page, by id.', WebhookList), ...PROBLEMS },
    },
    handler: ({ params, query }) => webhooks.listWebhooks(params.tenantId, query),
  });

  api.route({
    method: 'GET',
    url: ONE,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'getWebhook',
      summary: 'Read a webhook, with what waits for it and why',
      params: WebhookParams,
      response: { 200: json('The webhook.', Webhook), ...PROBLEMS },
    },
    handler: async ({ params }) => found(await webhooks.findWebhook(params.tenantId, params.webhookId)),
  });

  api.route({
    method: 'PATCH',
    url: ONE,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'updateWebhook',
      summary: 'Change, pause or resume a webhook, or rotate its secret',
      params: WebhookParams,
      body: WebhookChange,
      response: { 200: json('The webhook; with its new secret after a rotation.', Webhook), ...PROBLEMS },
    },
    handler: async (request) => {
      const { rotateSecret, oldSecretSeconds, ...change } = request.body;
      if (change.url !== undefined) await assertWebhookUrl(change.url, 'url', recipients);
      const rotation = rotateSecret === true ? { secret: newSecret(), oldSecretSeconds } : null;
      const { tenantId, webhookId } = request.params;
      const changed = found(
        await webhooks.updateWebhook(tenantId, webhookId, change, rotation, actorOf(request)),
      );
      return rotation === null ? changed : { ...changed, secret: rotation.secret };
    },
  });

  api.route({
    method: 'DELETE',
    url: ONE,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'deleteWebhook',
      summary: 'Delete a webhook with its log',
      params: WebhookParams,
      response: { 204: z.undefined().describe('Deleted.'), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const { tenantId, webhookId } = request.params;
      found((await webhooks.deleteWebhook(tenantId, webhookId, actorOf(request))) || null);
      return reply.code(204).send();
    },
  });

  api.route({
    method: 'GET',
    url: `${ONE}/deliveries`,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'listWebhookDeliveries',
      summary: 'List the last 1,000 deliveries, and why some failed',
      params: WebhookParams,
      querystring: WebhookDeliveryListQuery,
      response: { 200: json('One page, newest attempt first.', WebhookDeliveryList), ...PROBLEMS },
    },
    handler: async ({ params, query }) =>
      found(await webhooks.listDeliveries(params.tenantId, params.webhookId, query)),
  });

  api.route({
    method: 'POST',
    url: `${ONE}/replay`,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'replayWebhook',
      summary: 'Post the events of a time span again, with the same ids, before those that wait',
      params: WebhookParams,
      body: EventReplay,
      response: { 202: json('How many events the span holds.', EventReplayStarted), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const { tenantId, webhookId } = request.params;
      const { from, to } = request.body;
      const span = { from: new Date(from), to: to === undefined ? null : new Date(to) };
      const events = found(await webhooks.replayWebhook(tenantId, webhookId, span, actorOf(request)));
      reply.code(202);
      return { events };
    },
  });
}
