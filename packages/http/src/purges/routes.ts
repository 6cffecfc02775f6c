import {
  encodeCursor,
  type PurgePreviewItem,
  PurgePreviewList,
  PurgePreviewQuery,
  TenantParams,
} from '@callbay/contracts';
import type { ApiStores } from '@callbay/ingestion';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const DAY_MS = 86_400_000;

export function registerPurges(api: Api, { purges }: Pick<ApiStores, 'purges'>): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/purges/preview',
    config: { access: 'read' },
    schema: {
      tags: ['files'],
      operationId: 'previewPurge',
      summary: 'List the files that will be purged, soonest first',
      params: TenantParams,
      querystring: PurgePreviewQuery,
      response: { 200: json('One page.', PurgePreviewList), ...PROBLEMS },
    },
    handler: async ({ params, query: { limit, cursor, until: given } }) => {
      const until =
        given === undefined ? new Date((await purges.readClock()).getTime() + DAY_MS) : new Date(given);
      const after = cursor === undefined ? null : { purgeAt: new Date(cursor[0]), fileId: cursor[1] };
      const rows = await purges.previewPurge(params.tenantId, { until, limit: limit + 1, after });
      const items = rows.slice(0, limit).map(
        (row): PurgePreviewItem => ({
          ...row,
          receivedAt: row.receivedAt.toISOString(),
          purgeAt: row.purgeAt.toISOString(),
        }),
      );
      const last = items.at(-1);
      const nextCursor =
        last !== undefined && rows.length > limit ? encodeCursor([last.purgeAt, last.fileId]) : null;
      return { until: until.toISOString(), items, nextCursor };
    },
  });
}
