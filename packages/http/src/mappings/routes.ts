import {
  checkCrmFields,
  Mapping,
  type MappingKind,
  MappingList,
  MappingListQuery,
  MappingParams,
  MappingRollback,
  NewMapping,
} from '@callbay/contracts';
import { issue } from '@callbay/core';
import type { MappingStore } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { InputError } from '../server/input-error.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['mappings'];
const IfMatch = z.object({
  'if-match': z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'The version that was read; another one is newest: 412.' }),
});

export function registerMappings(api: Api, { mappings }: { mappings: MappingStore }): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/mappings/:kind',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'getMapping',
      summary: 'Read the newest field mapping; its version is the ETag',
      params: MappingParams,
      response: { 200: json('The mapping.', Mapping), ...PROBLEMS },
    },
    handler: async ({ params }, reply) => {
      const mapping = found(await mappings.findMapping(params.tenantId, params.kind));
      reply.header('etag', `"${mapping.version}"`);
      return mapping;
    },
  });

  api.route({
    method: 'PUT',
    url: '/v1/tenants/:tenantId/mappings/:kind',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'publishMapping',
      summary: 'Publish a new version; open calls are read by it at once',
      params: MappingParams,
      headers: IfMatch,
      body: NewMapping,
      response: { 200: json('The new version.', Mapping), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const expected = readVersion(request.headers['if-match']);
      const { tenantId, kind } = request.params;
      assertReadsIds(kind, request.body.fields);
      const mapping = found(
        await mappings.publishMapping(tenantId, kind, request.body, expected, actorOf(request)),
      );
      reply.header('etag', `"${mapping.version}"`);
      return mapping;
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/mappings/:kind/rollback',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'rollBackMapping',
      summary: 'Publish what an earlier version says as the next version',
      params: MappingParams,
      headers: IfMatch,
      body: MappingRollback,
      response: { 200: json('The new version.', Mapping), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const expected = readVersion(request.headers['if-match']);
      const { tenantId, kind } = request.params;
      const { version } = request.body;
      const mapping = found(
        await mappings.rollBackMapping(tenantId, kind, version, expected, actorOf(request)),
      );
      reply.header('etag', `"${mapping.version}"`);
      return mapping;
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/mappings/:kind/versions',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listMappings',
      summary: 'List the versions of a field mapping, newest first',
      params: MappingParams,
      querystring: MappingListQuery,
      response: { 200: json('One page.', MappingList), ...PROBLEMS },
    },
    handler: ({ params, query }) => mappings.listMappings(params.tenantId, params.kind, query),
  });
}

export function assertReadsIds(kind: MappingKind, fields: NewMapping['fields'], at = 'fields'): void {
  const issues = kind === 'call' ? [] : checkCrmFields(fields);
  if (issues.length > 0)
    throw new InputError(
      'body',
      issues.map((each) => ({ ...each, at })),
    );
}

/** The version in an If-Match header, quoted or bare; null where any will do. */
function readVersion(header: string | undefined): number | null {
  if (header === undefined || header.trim() === '*') return null;
  const digits = /^(?:W\/)?"?(\d{1,9})"?$/.exec(header.trim())?.[1];
  if (digits !== undefined) return Number(digits);
  throw new InputError('headers', [issue('FORMAT_INVALID', 'Send the version, such as `"3"`.', 'if-match')]);
}
