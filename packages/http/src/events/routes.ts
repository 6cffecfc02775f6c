import { EventHeaders, EventView, TenantParams } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { EventReader, KeyStore } from '@callbay/ingestion';
import { principalOf } from '../auth/principal.ts';
import type { Api } from '../server/api.ts';
import { PROBLEMS } from '../server/openapi.ts';
import { type EventStreamLimits, EventStreams } from './event-streams.ts';

export interface EventDeps {
  readonly events: EventReader;
  readonly keys: Pick<KeyStore, 'findUsable'>;
}

export function registerEvents(api: Api, { events, keys }: EventDeps, limits: EventStreamLimits): void {
  const streams = new EventStreams(events, limits);
  api.addHook('preClose', () => streams.close());

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/events',
    exposeHeadRoute: false,
    config: { access: 'read', turn: 'none' },
    schema: {
      tags: ['events'],
      operationId: 'followEvents',
      summary: 'Follow what happens to calls, as server-sent events',
      description:
        'From now on, or after the event named in `Last-Event-ID` (0: from the oldest kept, 30 days). An event may come twice, with the same `sequence`.',
      params: TenantParams,
      headers: EventHeaders,
      response: {
        200: {
          description: 'Events, each with its sequence as the id.',
          content: { 'text/event-stream': { schema: EventView } },
        },
        ...PROBLEMS,
      },
    },
    handler: async (request, reply) => {
      const { tenantId } = request.params;
      if (!streams.hasRoomFor(tenantId)) throw new CallbayError('RATE_LIMITED', 'Too many streams are open.');
      const { credentialId } = principalOf(request);
      const lastEventId = request.headers['last-event-id'];
      const after = lastEventId === undefined ? null : Number(lastEventId);
      const isStillAllowed = async () => (await keys.findUsable(credentialId)) !== null;

      reply.header('content-type', 'text/event-stream; charset=utf-8').header('x-accel-buffering', 'no');
      reply.hijack();
      reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
      try {
        await streams.follow({ tenantId, after, isStillAllowed }, reply.raw);
      } catch (error) {
        // The answer has begun, so it can only end; the client reconnects with its Last-Event-ID.
        request.log.warn({ err: error }, 'an event stream ended early');
      }
    },
  });
}
