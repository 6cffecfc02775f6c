import { S3_EVENT_BYTES } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import { digestOfToken, type S3EventStore } from '@callbay/ingestion';
import { z } from 'zod';
import type { Api } from '../server/api.ts';
import { PROBLEMS } from '../server/openapi.ts';

const EventParams = z.object({ token: z.string().min(1).max(128) });

/** What servers of buckets push. The token in the path is all that they show. */
export function registerS3Events(api: Api, { s3Events }: { readonly s3Events: S3EventStore }): void {
  api.route({
    method: 'POST',
    url: '/v1/s3-events/:token',
    config: { access: 'public', bytes: 'application/json' },
    bodyLimit: S3_EVENT_BYTES,
    schema: {
      tags: ['s3'],
      operationId: 'pushS3Event',
      summary: 'Report new objects, as servers of buckets do',
      params: EventParams,
      response: { 202: z.undefined().describe('Kept. What it names is looked at later.'), ...PROBLEMS },
    },
    // Before the body is read: strangers send nothing here.
    onRequest: async (request) => {
      const { token } = request.params as { token: string };
      if (!(await s3Events.isWebhook(digestOfToken(token)))) throw new CallbayError('NOT_FOUND');
    },
    handler: async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
      if (!(await s3Events.keepEvent(digestOfToken(request.params.token), body)))
        throw new CallbayError('NOT_FOUND');
      return reply.code(202).send();
    },
  });
}
