import {
  ApiKeyList,
  ApiKeyListQuery,
  ApiKeyParams,
  CreatedApiKey,
  CreatedToken,
  NewApiKey,
  NewToken,
  TenantParams,
} from '@callbay/contracts';
import type { KeyStore } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf, principalOf, scopeOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { createApiKey, createToken } from './create-credentials.ts';

const TAGS = ['credentials'];

export function registerApiKeys(api: Api, deps: { keys: KeyStore; tokenKey: Uint8Array }): void {
  const { keys } = deps;

  api.route({
    method: 'POST',
    url: '/v1/api-keys',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'createApiKey',
      summary: 'Make an API key; it is shown this once',
      body: NewApiKey,
      response: { 201: json('The key.', CreatedApiKey), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      reply.code(201);
      return createApiKey(deps, principalOf(request), request.body, actorOf(request));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/api-keys',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'listApiKeys',
      summary: 'List keys and tokens in force; never their secrets',
      querystring: ApiKeyListQuery,
      response: { 200: json('One page.', ApiKeyList), ...PROBLEMS },
    },
    handler: (request) => keys.listCredentials(scopeOf(principalOf(request)), request.query),
  });

  api.route({
    method: 'DELETE',
    url: '/v1/api-keys/:id',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'revokeApiKey',
      summary: 'Revoke a key or token, from the next request on',
      params: ApiKeyParams,
      response: { 204: z.undefined().describe('Revoked.'), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      found(await keys.revokeCredential(request.params.id, scopeOf(principalOf(request)), actorOf(request)));
      return reply.code(204).send();
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/tokens',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'createToken',
      summary: 'Make a JWT that reads this tenant; it is shown this once',
      params: TenantParams,
      body: NewToken.optional(),
      response: { 201: json('The token.', CreatedToken), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      reply.code(201);
      return createToken(deps, request.params.tenantId, request.body ?? {}, actorOf(request));
    },
  });
}
