import {
  FileView,
  NewFileQuery,
  TenantParams,
  UPLOAD_BYTES,
  Upload,
  UploadParams,
  UploadQuery,
} from '@callbay/contracts';
import { CallbayError, checkDropName, issue, isTemporaryName } from '@callbay/core';
import {
  type ApiStores,
  newFileId,
  type UploadDoor,
  type UploadPart,
  type UploadProgress,
} from '@callbay/ingestion';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { principalOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { InputError } from '../server/input-error.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { bodyOf } from './body-of.ts';
import { readContentRange, readLength } from './content-range.ts';

const TAGS = ['files'];
/** Requests that carry bytes at once: of a tenant, and of all. */
const PER_TENANT = 16;
const AT_ONCE = 128;

export interface UploadRoutesDeps extends Pick<ApiStores, 'files' | 'tenants'> {
  readonly uploads: UploadDoor;
}

const viewOf = ({ uploadId, ...progress }: UploadProgress): Upload => ({ id: uploadId, ...progress });

/** Counts what is under way; throws RATE_LIMITED beyond the limits. */
function createSlots() {
  const ofTenant = new Map<string, number>();
  let all = 0;
  const add = (tenantId: string, count: number): void => {
    const left = (ofTenant.get(tenantId) ?? 0) + count;
    if (left === 0) ofTenant.delete(tenantId);
    else ofTenant.set(tenantId, left);
    all += count;
  };
  return async <T>(tenantId: string, work: () => Promise<T>): Promise<T> => {
    if ((ofTenant.get(tenantId) ?? 0) >= PER_TENANT || all >= AT_ONCE)
      throw new CallbayError('RATE_LIMITED', 'Too many uploads are under way: send some after the others.');
    add(tenantId, 1);
    try {
      return await work();
    } finally {
      add(tenantId, -1);
    }
  };
}

/** Needs an instance that leaves bodies to the handlers. */
export function registerUploads(api: Api, { files, tenants, uploads }: UploadRoutesDeps): void {
  const inSlot = createSlots();

  /** A name that every drop takes, and that is not one of a file that is still growing. */
  async function assertName(tenantId: string, name: string): Promise<void> {
    const { settings } = found(await tenants.findTenant(tenantId));
    const wrong =
      checkDropName(name) ??
      (isTemporaryName(name, settings.temporaryNames)
        ? issue('NAME_INVALID', 'A temporary name. A request carries the whole file: send its real name.')
        : null);
    if (wrong !== null) throw new InputError('querystring', [{ ...wrong, at: 'name' }]);
  }

  function assertSize(sizeBytes: number): void {
    if (sizeBytes > UPLOAD_BYTES)
      throw new CallbayError('PAYLOAD_TOO_LARGE', `A file may have ${UPLOAD_BYTES} bytes.`);
  }

  /** The file of this id, if it came by this door as the same one. Throws CONFLICT where the id is another file's. */
  async function findSame(tenantId: string, id: string, name: string | undefined, sizeBytes: number) {
    const file = await files.findFile(tenantId, id);
    if (file === null) return null;
    const isSame =
      file.drop === 'api' && file.sizeBytes === sizeBytes && (name === undefined || name === file.name);
    if (!isSame) throw new CallbayError('CONFLICT', 'Another file has this id. Use a new id for each file.');
    return file;
  }

  /** Stores what the request carries, and answers 201 with the file once it is whole, else 202. */
  async function take(
    request: FastifyRequest,
    reply: FastifyReply,
    tenantId: string,
    part: Omit<UploadPart, 'bytes' | 'sentBy'>,
  ) {
    const bytes = bodyOf(request);
    const sentBy = principalOf(request).label;
    const progress = await inSlot(tenantId, () => uploads.write(tenantId, { ...part, bytes, sentBy }));
    if (progress.receivedBytes < progress.sizeBytes) return reply.code(202).send(viewOf(progress) as never);
    return reply.code(201).send(found(await files.findFile(tenantId, part.uploadId)));
  }

  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/files',
    config: { access: 'send', bytes: 'application/octet-stream', isStreamed: true, turn: 'none' },
    schema: {
      tags: TAGS,
      operationId: 'sendFile',
      summary: 'Send a file: its bytes are the body',
      description:
        'With `Content-Length`, 2 GiB at most. The answer means that the file is stored and will have an outcome.',
      params: TenantParams,
      querystring: NewFileQuery,
      response: {
        200: json('The file, which was received before.', FileView),
        201: json('The file.', FileView),
        ...PROBLEMS,
      },
    },
    handler: async (request, reply) => {
      const { tenantId } = request.params;
      const { name, id } = request.query;
      const sizeBytes = readLength(request);
      await assertName(tenantId, name);
      assertSize(sizeBytes);
      const same = id === undefined ? null : await findSame(tenantId, id, name, sizeBytes);
      if (same !== null) return reply.code(200).send(same);
      const uploadId = id ?? newFileId();
      const part = { uploadId, name, sizeBytes, start: 0, isResumable: id !== undefined };
      return take(request, reply, tenantId, part);
    },
  });

  api.route({
    method: 'PUT',
    url: '/v1/tenants/:tenantId/uploads/:uploadId',
    config: { access: 'send', bytes: 'application/octet-stream', isStreamed: true, turn: 'none' },
    schema: {
      tags: TAGS,
      operationId: 'sendFilePart',
      summary: 'Send a part of a file, or go on where a request was interrupted',
      description:
        'With `Content-Range: bytes <first>-<last>/<size>`; `bytes */<size>` and no body asks for the progress. A part may begin anywhere up to `receivedBytes`. The first part names the file.',
      params: UploadParams,
      querystring: UploadQuery,
      response: {
        200: json(
          'The progress that was asked for, or the file, which was received before.',
          FileView.or(Upload),
        ),
        201: json('The file: this was its last part.', FileView),
        202: json('More parts are to come.', Upload),
        ...PROBLEMS,
      },
    },
    handler: async (request, reply) => {
      const { tenantId, uploadId } = request.params;
      const { name } = request.query;
      const { range, sizeBytes } = readContentRange(request);
      assertSize(sizeBytes);
      const same = await findSame(tenantId, uploadId, name, sizeBytes);
      if (same !== null) return reply.code(200).send(same);
      if (name !== undefined) await assertName(tenantId, name);
      const part = { uploadId, name: name ?? null, sizeBytes, isResumable: true };
      if (range !== null) return take(request, reply, tenantId, { ...part, start: range.start });
      const progress = found(await uploads.find(tenantId, uploadId));
      // All bytes are here and its row is not: the answer to its last part never came.
      if (progress.receivedBytes === progress.sizeBytes)
        return take(request, reply, tenantId, { ...part, start: progress.receivedBytes });
      return reply.code(200).send(viewOf(progress));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/uploads/:uploadId',
    config: { access: 'send' },
    schema: {
      tags: TAGS,
      operationId: 'getUpload',
      summary: 'Read how much of a file has arrived',
      description: '404 once the file is received: then `…/files/{fileId}` has it, under the same id.',
      params: UploadParams,
      response: { 200: json('The progress.', Upload), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, uploadId } }) =>
      viewOf(found(await uploads.find(tenantId, uploadId))),
  });

  api.route({
    method: 'DELETE',
    url: '/v1/tenants/:tenantId/uploads/:uploadId',
    config: { access: 'send' },
    schema: {
      tags: TAGS,
      operationId: 'discardUpload',
      summary: 'Discard what arrived of a file',
      params: UploadParams,
      response: { 204: z.undefined().describe('Discarded.'), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, uploadId } }, reply) => {
      found(await uploads.discard(tenantId, uploadId));
      return reply.code(204).send();
    },
  });
}
