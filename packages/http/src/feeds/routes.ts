import {
  EventReplay,
  EventReplayStarted,
  Feed,
  FeedStatus,
  FeedTest,
  NewFeed,
  NewFeedTest,
  TenantParams,
} from '@callbay/contracts';
import { FEED_TABLE } from '@callbay/core';
import { type FeedAdmin, FeedError, type FeedTarget } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

export interface FeedDeps {
  readonly feeds: FeedAdmin;
  readonly feedTarget: Pick<FeedTarget, 'probe'>;
}

const TAGS = ['feed'];
const URL = '/v1/tenants/:tenantId/feed';

export function registerFeed(api: Api, { feeds, feedTarget }: FeedDeps): void {
  api.route({
    method: 'PUT',
    url: URL,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'putFeed',
      summary: 'Send events to a Kafka topic, or change how',
      params: TenantParams,
      body: NewFeed,
      response: { 200: json('The feed, without its password.', Feed), ...PROBLEMS },
    },
    handler: async (request) =>
      found(await feeds.putFeed(request.params.tenantId, request.body, actorOf(request))),
  });

  api.route({
    method: 'GET',
    url: URL,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'getFeed',
      summary: 'Read the settings of the feed',
      params: TenantParams,
      response: { 200: json('The feed, without its password.', Feed), ...PROBLEMS },
    },
    handler: async ({ params }) => found(await feeds.findFeed(params.tenantId)),
  });

  api.route({
    method: 'DELETE',
    url: URL,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'deleteFeed',
      summary: 'Stop the feed and forget its place',
      params: TenantParams,
      response: { 204: z.undefined().describe('Deleted.'), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      found((await feeds.deleteFeed(request.params.tenantId, actorOf(request))) || null);
      return reply.code(204).send();
    },
  });

  api.route({
    method: 'POST',
    url: `${URL}/test`,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'testFeed',
      summary: 'Connect, log in and look the topic up; nothing is sent',
      params: TenantParams,
      body: NewFeedTest.optional(),
      response: { 200: json('What was found.', FeedTest), ...PROBLEMS },
    },
    handler: async ({ params }) => {
      const address = found(await feeds.findAddress(params.tenantId));
      try {
        const topic = await feedTarget.probe(address);
        return { ok: true, ...topic, code: null, message: null, fix: null };
      } catch (error) {
        if (!(error instanceof FeedError)) throw error;
        const { code, message } = error.failure;
        return { ok: false, brokers: null, partitions: null, code, message, fix: FEED_TABLE[code].fix };
      }
    },
  });

  api.route({
    method: 'GET',
    url: `${URL}/status`,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'getFeedStatus',
      summary: 'Read how far behind the feed is, and why',
      params: TenantParams,
      response: { 200: json('The status.', FeedStatus), ...PROBLEMS },
    },
    handler: async ({ params }) => found(await feeds.readStatus(params.tenantId)),
  });

  api.route({
    method: 'POST',
    url: `${URL}/replay`,
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'replayFeed',
      summary: 'Send the events of a time span again, before those that wait',
      params: TenantParams,
      body: EventReplay,
      response: { 202: json('How many events the span holds.', EventReplayStarted), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const events = found(await feeds.replayFeed(request.params.tenantId, request.body, actorOf(request)));
      reply.code(202);
      return { events };
    },
  });
}
