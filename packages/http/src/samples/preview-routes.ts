import { CallMappingParams, Preview, PreviewRequest } from '@callbay/contracts';
import { type PreviewDeps, previewMapping } from '@callbay/ingestion';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const tags = ['mappings'];

export function registerPreviews(api: Api, deps: PreviewDeps): void {
  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/mappings/:kind/preview',
    config: { access: 'manage' },
    schema: {
      ...{
        tags,
        operationId: 'previewMapping',
        summary:
          'Try a draft on a sample and on the last files, beside the version in force; nothing is stored',
      },
      params: CallMappingParams,
      body: PreviewRequest,
      response: { 200: json('What the draft would make of them.', Preview), ...PROBLEMS },
    },
    handler: async ({ params, body }) =>
      found(await previewMapping(deps, { tenantId: params.tenantId, request: body })),
  });
}
