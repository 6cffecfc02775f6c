import { NewS3Drop, NewS3Key, S3Drop, TenantParams } from '@callbay/contracts';
import { CallbayError, stateOfSteps } from '@callbay/core';
import {
  type ChangedDrop,
  foundDrop,
  planS3Drop,
  putS3Drop,
  reconcileS3Drop,
  removeS3Drop,
  rotateS3Key,
  type S3DropDeps,
  type S3DropStore,
  webhookUrlOf,
} from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['s3'];
const MANAGE = { access: 'manage', turn: 'long' } as const;

export interface S3RoutesDeps {
  readonly s3Drops: S3DropStore;
  /** Null where no server of buckets is set. */
  readonly s3: Omit<S3DropDeps, 'drops'> | null;
}

export function registerS3Drop(api: Api, { s3Drops, s3 }: S3RoutesDeps): void {
  const deps = (): S3DropDeps => {
    if (s3 === null)
      throw new CallbayError(
        'UNPROCESSABLE',
        'Neither CALLBAY_S3_REGION nor CALLBAY_S3_ENDPOINT is set: no bucket can be made.',
      );
    return { ...s3, drops: s3Drops };
  };

  function viewOf({ drop, key }: ChangedDrop): S3Drop {
    const {
      steps,
      brokenReason,
      access,
      principalArn,
      bucket,
      region,
      endpoint,
      prefix,
      accessKeyId,
      ignored,
    } = drop;
    const failed = steps.find(({ state }) => state === 'failed');
    const message = failed === undefined ? brokenReason : `${failed.step}: ${failed.message ?? failed.code}`;
    return {
      state: message === null ? stateOfSteps(steps) : 'failed',
      ...{ access, principalArn, bucket, region, endpoint, prefix },
      ...(accessKeyId === null ? {} : { accessKeyId }),
      ...(key === null ? {} : key),
      webhookUrl: s3 === null ? null : webhookUrlOf(s3, drop),
      message,
      createdAt: drop.createdAt.toISOString(),
      listedAt: drop.listedAt?.toISOString() ?? null,
      ignored,
      steps: steps.map((step) => ({ ...step })),
    };
  }

  api.route({
    method: 'PUT',
    url: '/v1/tenants/:tenantId/s3-drop',
    config: MANAGE,
    schema: {
      tags: TAGS,
      operationId: 'putS3Drop',
      summary: 'Make a bucket for the tenant’s files, or go on making it',
      params: TenantParams,
      body: NewS3Drop,
      response: { 200: json('The drop.', S3Drop), ...PROBLEMS },
    },
    handler: async (request) => {
      const { tenantId } = request.params;
      const { dryRun, principalArn = null, ...asked } = request.body;
      const access = { ...asked, principalArn: asked.access === 'user' ? null : principalArn };
      if (!dryRun) return viewOf(await putS3Drop(deps(), { tenantId, access, by: actorOf(request) }));
      const plan = await planS3Drop(deps(), { tenantId, access });
      const { region, endpoint } = deps().provisioner;
      const made = { userName: null, accessKeyId: null, queueUrl: null, brokenReason: null, listedAt: null };
      const drop = {
        ...plan.request,
        ...made,
        region,
        endpoint,
        steps: [],
        createdAt: new Date(),
        ignored: 0,
      };
      return { ...viewOf({ drop, key: null }), documents: { ...plan.documents } };
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/s3-drop',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'getS3Drop',
      summary: 'Read how the bucket of the tenant was made, and whether it works',
      params: TenantParams,
      response: { 200: json('The drop.', S3Drop), ...PROBLEMS },
    },
    handler: async ({ params }) => viewOf({ drop: await foundDrop(s3Drops, params.tenantId), key: null }),
  });

  api.route({
    method: 'DELETE',
    url: '/v1/tenants/:tenantId/s3-drop',
    config: MANAGE,
    schema: {
      tags: TAGS,
      operationId: 'deleteS3Drop',
      summary: 'Let nobody write to the bucket any more; its objects stay',
      params: TenantParams,
      response: { 204: z.undefined().describe('Removed.'), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      await removeS3Drop(deps(), { tenantId: request.params.tenantId, by: actorOf(request) });
      return reply.code(204).send();
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/s3-drop/keys',
    config: MANAGE,
    schema: {
      tags: TAGS,
      operationId: 'rotateS3Key',
      summary: 'Make a new key for the user of the bucket, and end the one before',
      params: TenantParams,
      body: NewS3Key.optional(),
      response: { 200: json('The drop, with the key.', S3Drop), ...PROBLEMS },
    },
    handler: async (request) => {
      const { tenantId } = request.params;
      const keepsPrevious = request.body?.keepPrevious === true;
      return viewOf(await rotateS3Key(deps(), { tenantId, keepsPrevious, by: actorOf(request) }));
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/s3-drop/reconcile',
    config: MANAGE,
    schema: {
      tags: TAGS,
      operationId: 'reconcileS3Drop',
      summary: 'Make the bucket again as it was asked for, and list it at once',
      params: TenantParams,
      response: { 200: json('The drop.', S3Drop), ...PROBLEMS },
    },
    handler: async (request) =>
      viewOf(await reconcileS3Drop(deps(), { tenantId: request.params.tenantId, by: actorOf(request) })),
  });
}
