import { CallParams } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { BlobStore, CallMediaLocation, CallReader } from '@callbay/ingestion';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { PROBLEMS } from '../server/openapi.ts';
import { sendProblem } from '../server/problem.ts';
import { type ByteRange, readRange } from './byte-range.ts';

type Blobs = Pick<BlobStore, 'read' | 'size'>;

const Bytes = z.string().meta({ format: 'binary' });
const media = (description: string) => ({ description, content: { '*/*': { schema: Bytes } } });

export function registerMedia(
  api: Api,
  { calls, blobs }: { calls: Pick<CallReader, 'findMedia'>; blobs: Blobs },
): void {
  const route = {
    url: '/v1/tenants/:tenantId/calls/:callId/media',
    config: { access: 'read' },
    handler: async (request: FastifyRequest<{ Params: CallParams }>, reply: FastifyReply) => {
      const { tenantId, callId } = request.params;
      const location = found(await calls.findMedia(tenantId, callId));
      return sendMedia(blobs, tenantId, location, request, reply);
    },
  } as const;
  const tags = ['calls'];
  api.route({
    ...route,
    method: 'GET',
    exposeHeadRoute: false,
    schema: {
      tags,
      operationId: 'getCallMedia',
      summary: "Read a call's recording, whole or a range of it",
      params: CallParams,
      response: { 200: media('The recording.'), 206: media('The range of it.'), ...PROBLEMS },
    },
  });
  api.route({ ...route, method: 'HEAD', schema: { params: CallParams, hide: true } });
}

async function sendMedia(
  blobs: Blobs,
  tenantId: string,
  location: CallMediaLocation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const sizeBytes = await blobs.size(tenantId, location.blobKey);
  if (sizeBytes === null) throw new CallbayError('BLOB_MISSING');
  const etag = `"${location.sha256}"`;
  reply.headers({ etag, 'accept-ranges': 'bytes' });
  if (isSame(request.headers['if-none-match'], etag)) return reply.code(304).send();

  const { range: wanted, 'if-range': ifRange } = request.headers;
  const range = ifRange === undefined || ifRange === etag ? readRange(wanted, sizeBytes) : null;
  if (range === 'unsatisfiable') {
    return sendProblem(reply.header('content-range', `bytes */${sizeBytes}`), 'RANGE_NOT_SATISFIABLE');
  }
  describe(reply, location, range, sizeBytes);
  if (request.method === 'HEAD') return reply.send();
  return reply.send(await blobs.read(tenantId, location.blobKey, range ?? undefined));
}

function describe(
  reply: FastifyReply,
  location: CallMediaLocation,
  range: ByteRange | null,
  sizeBytes: number,
): void {
  reply.headers({
    'content-type': location.contentType,
    'content-length': range === null ? sizeBytes : range.end - range.start + 1,
    'content-disposition': disposition(location.name),
  });
  if (range === null) return;
  reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${sizeBytes}`);
}

/** To be saved, never shown as a page of ours. Source: RFC 6266. */
function disposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

const isSame = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag || one.trim() === '*') ?? false;
