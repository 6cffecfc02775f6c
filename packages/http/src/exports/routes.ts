import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { ExportParameters } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { ExportedCall, ExportOrder, ExportQuery, ExportReader } from '@callbay/ingestion';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isBoundTo, principalOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { InputError } from '../server/input-error.ts';
import { PROBLEMS } from '../server/openapi.ts';
import { exportBytes } from './export-stream.ts';

const TYPES = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
} as const;
/** The cheapest level: it costs a tenth of the best and saves most. */
const GZIP_LEVEL = 1;

export function registerExports(api: Api, { exports }: { exports: ExportReader }): void {
  const Body = z.string().meta({ format: 'binary' });
  api.route({
    method: 'GET',
    url: '/v1/sa/call',
    config: { access: 'read' },
    schema: {
      tags: ['exports'],
      operationId: 'exportCalls',
      summary: 'Export calls as JSON, CSV, NDJSON or Parquet, page by page',
      description:
        'The tenant is the credential’s. To read everything once: `consecutive=true` with a fixed `afterCallId`, pages until one has no rows. To follow updates and deletions: `changedAfter` with the highest changeSeq seen.',
      querystring: ExportParameters,
      response: {
        200: {
          description: 'One page.',
          content: {
            'application/json': { schema: z.array(z.record(z.string(), z.unknown())) },
            'text/csv': { schema: Body },
            'application/x-ndjson': { schema: Body },
            'application/vnd.apache.parquet': { schema: Body },
          },
        },
        ...PROBLEMS,
      },
    },
    handler: async (request, reply) => {
      const asked = request.query;
      const tenantId = tenantOf(request, asked.contextId);
      const lastChange = found(await exports.lastChange(tenantId));
      const etag = etagOf(tenantId, lastChange, request.url);
      reply.headers({ etag, vary: 'accept-encoding', 'cache-control': 'private, no-cache' });
      if (isSame(request.headers['if-none-match'], etag)) return sendBytes(reply.code(304), request, null);

      const query = queryOf(asked);
      const page = await exports.findPage(tenantId, query);
      const next = nextLink(request, query, page);
      if (next !== null) reply.header('link', `<${next}>; rel="next"`);
      if (request.method === 'HEAD')
        return sendBytes(reply.header('content-type', TYPES[asked.format]), request, null);
      const bytes = exportBytes(exports, tenantId, page, {
        format: asked.format,
        columns: asked.columns,
        includesDeleted: asked.includeDeleted,
        keepsFormulas: asked.formulas === 'keep',
        hasByteOrderMark: asked.bom,
      });
      return sendBytes(reply.header('content-type', TYPES[asked.format]), request, bytes);
    },
  });
}

/** Past the schema of the route, as a stream that ends without its end where `bytes` throws. */
function sendBytes(
  reply: FastifyReply,
  { headers }: FastifyRequest,
  bytes: AsyncIterable<Buffer> | null,
): never {
  if (bytes === null) return reply.send() as never;
  const body = Readable.from(bytes, { objectMode: false });
  if (!takesGzip(headers['accept-encoding'])) return reply.send(body) as never;
  const gzip = createGzip({ level: GZIP_LEVEL });
  // A failure goes on to the answer through the gzip, which it destroys.
  pipeline(body, gzip, () => {});
  return reply.header('content-encoding', 'gzip').send(gzip) as never;
}

/** The credential's tenant. A foreign and an absent one are the same 404. */
function tenantOf(request: FastifyRequest, contextId: string | undefined): string {
  const principal = principalOf(request);
  const { role, tenantIds } = principal;
  const tenantId = contextId ?? (role !== 'operator' && tenantIds.length === 1 ? tenantIds[0] : undefined);
  if (tenantId === undefined) {
    throw new InputError('querystring', [
      { code: 'REQUIRED', message: 'The credential is bound to several tenants: name one.', at: 'contextId' },
    ]);
  }
  if (!isBoundTo(principal, tenantId)) throw new CallbayError('NOT_FOUND');
  return tenantId;
}

const BY = { time: 'startedAt', score: 'score', documentId: 'callId' } as const;

function queryOf(asked: ExportParameters): ExportQuery {
  const instant = (text: string | undefined): Date | null => (text === undefined ? null : new Date(text));
  return {
    afterCallId: asked.afterCallId ?? null,
    changedAfter: asked.changedAfter ?? null,
    includesDeleted: asked.includeDeleted,
    from: instant(asked.fromTime),
    to: instant(asked.toTime),
    agentIds: asked.agentId,
    queueIds: asked.queueId,
    aivrAppIds: asked.aivrAppId,
    order: orderOf(asked),
    page: asked.page,
    perPage: asked.per_page,
  };
}

function orderOf({ changedAfter, sort_by, sort_dir }: ExportParameters): ExportOrder[] {
  if (changedAfter !== undefined) return [{ by: 'changeSeq', isDescending: false }];
  const by = sort_by.length === 0 ? (['documentId'] as const) : sort_by;
  const order = by.map((each, n): ExportOrder => ({ by: BY[each], isDescending: sort_dir[n] === 'desc' }));
  return order.some((each) => each.by === 'callId')
    ? order
    : [...order, { by: 'callId', isDescending: false }];
}

/** Says the same as long as nothing of the tenant's calls changed, but for what only time does. */
const etagOf = (tenantId: string, lastChange: number, url: string): string => {
  const digest = createHash('sha256').update(`${tenantId} ${url}`).digest('base64url').slice(0, 16);
  return `W/"${lastChange}-${digest}"`;
};

const isSame = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((one) => one.trim() === etag || one.trim() === '*') ?? false;

const takesGzip = (header: string | string[] | undefined): boolean =>
  String(header ?? '')
    .split(',')
    .some((one) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+\s*)?$/i.test(one));

/** The page after this one, by position where the order has one; null after the last. */
function nextLink(
  request: FastifyRequest,
  { order, page, perPage }: ExportQuery,
  calls: readonly ExportedCall[],
): string | null {
  const last = calls.at(-1);
  if (last === undefined || calls.length < perPage) return null;
  const url = new URL(request.url, 'http://localhost');
  const [first] = order;
  const isOne = order.length === 1 && first?.isDescending === false;
  if (isOne && first.by === 'changeSeq') url.searchParams.set('changedAfter', String(last.changeSeq));
  else if (isOne && first.by === 'callId') url.searchParams.set('afterCallId', String(last.callId));
  else url.searchParams.set('page', String(page + 1));
  if (isOne) url.searchParams.delete('page');
  return `${url.pathname}${url.search}`;
}
