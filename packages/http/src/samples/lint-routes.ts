import { MappingLint, MappingParams, MappingPresetList, TenantParams } from '@callbay/contracts';
import { CALL_PRESETS, SYSTEM_PRESETS } from '@callbay/core';
import { type ApiStores, lintTenantCrmMapping, lintTenantMapping } from '@callbay/ingestion';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['mappings'];

export function registerLints(api: Api, deps: Pick<ApiStores, 'policies' | 'records' | 'crmMappings'>): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/mappings/presets',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listPresets',
      summary: 'List field mappings to begin with',
      params: TenantParams,
      response: { 200: json('All of them.', MappingPresetList), ...PROBLEMS },
    },
    handler: async () => ({
      items: [...CALL_PRESETS, ...SYSTEM_PRESETS].map(
        ({ name, description, fields, options }) =>
          structuredClone({
            name,
            description,
            fields,
            options,
          }) as (typeof MappingPresetList)['_output']['items'][number],
      ),
      nextCursor: null,
    }),
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/mappings/:kind/lint',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'lintMapping',
      summary:
        'Hold the mapping in force against the last thousand records, or the headers of the last CRM files',
      params: MappingParams,
      response: { 200: json('What does not fit.', MappingLint), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, kind } }) =>
      found(
        kind === 'call'
          ? await lintTenantMapping(deps, tenantId)
          : await lintTenantCrmMapping(deps, tenantId, kind),
      ),
  });
}
