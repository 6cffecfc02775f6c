import {
  ExternalRecording,
  ExternalRecordingList,
  ExternalRecordingListQuery,
  ExternalRecordingsInput,
  ExternalRecordingsRegistered,
  TenantParams,
} from '@callbay/contracts';
import type { ExternalRecordingStore } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['metadata only'];

export function registerExternalRecordings(
  api: Api,
  { externalRecordings }: { externalRecordings: ExternalRecordingStore },
): void {
  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/external-recordings',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'registerExternalRecordings',
      summary: 'Register recordings that rest elsewhere, one or up to 1,000; known ones are updated',
      params: TenantParams,
      body: ExternalRecordingsInput,
      response: {
        200: json(
          'The recording, which was known; or each of those sent as items.',
          z.union([ExternalRecordingsRegistered, ExternalRecording]),
        ),
        201: json('The recording, which is new.', ExternalRecording),
        ...PROBLEMS,
      },
    },
    handler: async (request, reply) => {
      const { body, params } = request;
      const items = 'items' in body ? body.items : [body];
      const registered = await externalRecordings.register(params.tenantId, items, actorOf(request));
      if ('items' in body) return { items: registered.map(({ recording }) => recording) };
      const { recording, isNew } = registered[0]!;
      reply.code(isNew ? 201 : 200);
      return recording;
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/external-recordings',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listExternalRecordings',
      summary: 'List external recordings, newest first',
      params: TenantParams,
      querystring: ExternalRecordingListQuery,
      response: { 200: json('One page.', ExternalRecordingList), ...PROBLEMS },
    },
    handler: ({ params, query }) => externalRecordings.listExternalRecordings(params.tenantId, query),
  });
}
