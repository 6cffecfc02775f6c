import {
  NewSftpKey,
  SftpKey,
  SftpKeyList,
  SftpKeyListQuery,
  SftpKeyParams,
  SftpUserParams,
} from '@callbay/contracts';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { type SftpUserDeps, toKey } from './sftp-users.ts';

const TAGS = ['sftp'];

export function registerSftpKeys(api: Api, { sftpUsers }: Pick<SftpUserDeps, 'sftpUsers'>): void {
  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/sftp-users/:username/keys',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'createSftpKey',
      summary: 'Add a public key: the first half of a rotation',
      params: SftpUserParams,
      body: NewSftpKey,
      response: { 201: json('The key.', SftpKey), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      reply.code(201);
      const { tenantId, username } = request.params;
      return found(await sftpUsers.addKey(tenantId, username, toKey(request.body), actorOf(request)));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/sftp-users/:username/keys',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listSftpKeys',
      summary: 'List the public keys of an SFTP user',
      params: SftpUserParams,
      querystring: SftpKeyListQuery,
      response: { 200: json('One page.', SftpKeyList), ...PROBLEMS },
    },
    handler: async ({ params, query }) =>
      found(await sftpUsers.listKeys(params.tenantId, params.username, query)),
  });

  api.route({
    method: 'DELETE',
    url: '/v1/tenants/:tenantId/sftp-users/:username/keys/:keyId',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'deleteSftpKey',
      summary: 'Remove a public key; sessions opened with it end',
      params: SftpKeyParams,
      response: { 204: z.undefined().describe('Removed.'), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const { tenantId, username, keyId } = request.params;
      found(await sftpUsers.deleteKey(tenantId, username, keyId, actorOf(request)));
      return reply.code(204).send();
    },
  });
}
