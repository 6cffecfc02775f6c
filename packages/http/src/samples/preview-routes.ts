import { CallMappingParams, Preview, PreviewRequest } from '@callbay/contracts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const tags = ['mappings'];

/** `previewMapping` with its adapters in hand. */
export type PreviewMapping = (tenantId: string, request: PreviewRequest) => Promise<Preview | null>;

export function registerPreviews(api: Api, { previewMapping }: { previewMapping: PreviewMapping }): void {
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
    handler: async ({ params, body }) => found(await previewMapping(params.tenantId, body)),
  });
}
