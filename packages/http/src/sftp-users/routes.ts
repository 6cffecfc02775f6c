import {
  NewSftpUser,
  SftpUser,
  SftpUserChange,
  SftpUserList,
  SftpUserListQuery,
  SftpUserParams,
  TenantParams,
} from '@callbay/contracts';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { createSftpUser, hostKeys, type SftpUserDeps, toSftpUser, updateSftpUser } from './sftp-users.ts';

const TAGS = ['sftp'];

export function registerSftpUsers(api: Api, deps: SftpUserDeps): void {
  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/sftp-users',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'createSftpUser',
      summary: 'Provision an SFTP user',
      params: TenantParams,
      body: NewSftpUser.optional(),
      response: { 201: json('The user, and where to connect.', SftpUser), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      reply.code(201);
      return createSftpUser(deps, request.params.tenantId, request.body ?? {}, actorOf(request));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/sftp-users',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listSftpUsers',
      summary: 'List SFTP users, by name',
      params: TenantParams,
      querystring: SftpUserListQuery,
      response: { 200: json('One page.', SftpUserList), ...PROBLEMS },
    },
    handler: async ({ params, query }) => {
      const { items, nextCursor } = await deps.sftpUsers.listUsers(params.tenantId, query);
      const keys = await hostKeys(deps);
      return { items: items.map((row) => toSftpUser(deps, row, keys)), nextCursor };
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/sftp-users/:username',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'getSftpUser',
      summary: 'Read an SFTP user',
      params: SftpUserParams,
      response: { 200: json('The user.', SftpUser), ...PROBLEMS },
    },
    handler: async ({ params }) => {
      const row = found(await deps.sftpUsers.findUser(params.tenantId, params.username));
      return toSftpUser(deps, row, await hostKeys(deps));
    },
  });

  api.route({
    method: 'PATCH',
    url: '/v1/tenants/:tenantId/sftp-users/:username',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'updateSftpUser',
      summary: 'Change an SFTP user; open sessions feel it',
      params: SftpUserParams,
      body: SftpUserChange,
      response: { 200: json('The user as it is now.', SftpUser), ...PROBLEMS },
    },
    handler: (request) => {
      const { tenantId, username } = request.params;
      return updateSftpUser(deps, tenantId, username, request.body, actorOf(request));
    },
  });

  api.route({
    method: 'DELETE',
    url: '/v1/tenants/:tenantId/sftp-users/:username',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'deleteSftpUser',
      summary: 'Remove an SFTP user with its keys; its sessions end',
      params: SftpUserParams,
      response: { 204: z.undefined().describe('Removed.'), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const { tenantId, username } = request.params;
      found(await deps.sftpUsers.deleteUser(tenantId, username, actorOf(request)));
      return reply.code(204).send();
    },
  });
}
