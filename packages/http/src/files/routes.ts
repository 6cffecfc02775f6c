import { Readable } from 'node:stream';
import {
  BatchRowList,
  BatchRowListQuery,
  Explanation,
  ExplanationQuery,
  FileList,
  FileListQuery,
  FileParams,
  FileView,
  TenantParams,
} from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import { type ApiStores, type DropView, type JobQueue, replayFile, writeCsv } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['files'];

export function registerFiles(
  api: Api,
  {
    files,
    replays,
    view,
    queue,
  }: Pick<ApiStores, 'files' | 'replays'> & {
    readonly queue: JobQueue;
    readonly view: Pick<DropView, 'withdrawFile'>;
  },
): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/files',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listFiles',
      summary: 'List files, newest first',
      params: TenantParams,
      querystring: FileListQuery,
      response: { 200: json('One page.', FileList), ...PROBLEMS },
    },
    handler: ({ params, query }) => files.listFiles(params.tenantId, query),
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/files/:fileId',
    config: { access: 'trace' },
    schema: {
      tags: TAGS,
      operationId: 'getFile',
      summary: 'Read what became of a file',
      params: FileParams,
      response: { 200: json('The file.', FileView), ...PROBLEMS },
    },
    handler: async ({ params }) => found(await files.findFile(params.tenantId, params.fileId)),
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/files/:fileId/explanation',
    config: { access: 'trace' },
    schema: {
      tags: TAGS,
      operationId: 'explainFile',
      summary: 'Read the whole story of a file',
      params: FileParams,
      querystring: ExplanationQuery,
      response: { 200: json('The file and its steps, oldest first.', Explanation), ...PROBLEMS },
    },
    handler: async ({ params, query }) =>
      found(await files.explainFile(params.tenantId, params.fileId, query)),
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/files/:fileId/rows',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'listFileRows',
      summary: 'List the rows of a batch and what became of each',
      description: 'In the order of the file; empty for a file that is not a batch.',
      params: FileParams,
      querystring: BatchRowListQuery,
      response: {
        200: {
          description: 'One page, or all rows as a CSV.',
          content: {
            'application/json': { schema: BatchRowList },
            'text/csv': { schema: z.string() },
          },
        },
        ...PROBLEMS,
      },
    },
    handler: async ({ params, query }, reply) => {
      const { tenantId, fileId } = params;
      const { format, ...filter } = query;
      if (format === 'json') return found(await files.listRows(tenantId, fileId, filter));
      const csv = found(await files.readRowTable(tenantId, fileId, filter));
      reply.header('content-type', 'text/csv; charset=utf-8; header=present');
      return reply.send(Readable.from(writeCsv(csv)) as never);
    },
  });

  api.route({
    method: 'DELETE',
    url: '/v1/tenants/:tenantId/files/:fileId',
    config: { access: 'send' },
    schema: {
      tags: TAGS,
      operationId: 'withdrawFile',
      summary: 'Withdraw a file that was sent over HTTP and has not surfaced',
      description: 'Files of other doors are withdrawn by removing them there.',
      params: FileParams,
      response: { 200: json('The file, withdrawn.', FileView), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, fileId } }) => {
      const { drop } = found(await files.findFile(tenantId, fileId));
      if (drop !== 'api') throw new CallbayError('CONFLICT', 'Remove the file where it was left.');
      if (!(await view.withdrawFile(tenantId, fileId)))
        throw new CallbayError('CONFLICT', 'The file has an outcome already.');
      return found(await files.findFile(tenantId, fileId));
    },
  });

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/files/:fileId/replay',
    config: { access: 'manage' },
    schema: {
      tags: TAGS,
      operationId: 'replayFile',
      summary: 'Judge a held file again by the newest policy, or read a rejected one again',
      params: FileParams,
      response: { 202: json('The file, which will be judged again.', FileView), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const { tenantId, fileId } = request.params;
      const result = found(await replayFile({ replays, queue }, { tenantId, fileId, by: actorOf(request) }));
      if (result === 'not_replayable') {
        throw new CallbayError(
          'CONFLICT',
          'The file took part in a call, was removed, or its bytes are purged.',
        );
      }
      reply.code(202);
      return found(await files.findFile(tenantId, fileId));
    },
  });
}
