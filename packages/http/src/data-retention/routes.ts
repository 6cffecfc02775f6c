import {
  DataRetentionPreview,
  DataRetentionPreviewQuery,
  DeletedCallList,
  DeletedCallQuery,
  TenantParams,
} from '@callbay/contracts';
import type { RetentionReader } from '@callbay/ingestion';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['calls'];

export function registerDataRetention(api: Api, { retention }: { retention: RetentionReader }): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/data-retention/preview',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'previewDataRetention',
      summary: 'What a data retention would remove for good now',
      description:
        'Of the policy that is set, or of the one proposed here. Calls are removed some ten thousand a minute, oldest first; a legal hold keeps a call.',
      params: TenantParams,
      querystring: DataRetentionPreviewQuery,
      response: { 200: json('Counts, and the first calls.', DataRetentionPreview), ...PROBLEMS },
    },
    handler: async ({ params, query }) => {
      const proposed = Object.fromEntries(Object.entries(query).filter(([, days]) => days !== undefined));
      return found(await retention.previewRetention(params.tenantId, proposed));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/deleted-calls',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listDeletedCalls',
      summary: 'List what the data retention removed, by changeSeq',
      description:
        'For who keeps copies: read on by `changedAfter`, as with calls. Nothing else is left of a deleted call.',
      params: TenantParams,
      querystring: DeletedCallQuery,
      response: { 200: json('One page.', DeletedCallList), ...PROBLEMS },
    },
    handler: ({ params, query: { limit, cursor, changedAfter } }) =>
      retention.listDeleted(params.tenantId, { limit, cursor: cursor ?? changedAfter }),
  });
}
