import { join } from 'node:path';
import { FolderDrop, NewFolderDrop, TenantParams } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { FolderDropStore } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['folder'];

export interface FolderDropDeps {
  readonly folderDrops: FolderDropStore;
  /** Where folders are scanned; null: nowhere. */
  readonly folderRoot: string | null;
}

async function readDrop({ folderDrops, folderRoot }: FolderDropDeps, tenantId: string) {
  const { createdAt, scannedAt, report } = found(await folderDrops.findDrop(tenantId));
  const message = folderRoot === null ? 'CALLBAY_FOLDER_ROOT is not set: no folder is scanned.' : null;
  return {
    state: message === null ? (report?.state ?? 'provisioning') : 'failed',
    path: join(folderRoot ?? '/', tenantId),
    message: message ?? report?.message ?? null,
    createdAt: createdAt.toISOString(),
    scannedAt: scannedAt?.toISOString() ?? null,
    waiting: report?.waiting ?? 0,
    ignored: (report?.ignored ?? []).map((entry) => ({ ...entry })),
  } as const;
}

export function registerFolderDrop(api: Api, deps: FolderDropDeps): void {
  api.route({
    method: 'PUT',
    url: '/v1/tenants/:tenantId/folder-drop',
    config: { access: 'operate' },
    schema: {
      tags: TAGS,
      operationId: 'putFolderDrop',
      summary: 'Receive files that other programs leave in the folder of the tenant',
      params: TenantParams,
      body: NewFolderDrop.optional(),
      response: { 200: json('The drop.', FolderDrop), ...PROBLEMS },
    },
    handler: async (request) => {
      if (deps.folderRoot === null)
        throw new CallbayError('UNPROCESSABLE', 'CALLBAY_FOLDER_ROOT is not set: no folder is scanned.');
      await deps.folderDrops.createDrop(request.params.tenantId, actorOf(request));
      return readDrop(deps, request.params.tenantId);
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/folder-drop',
    config: { access: 'operate' },
    schema: {
      tags: TAGS,
      operationId: 'getFolderDrop',
      summary: 'Read what the last scan of the folder found',
      params: TenantParams,
      response: { 200: json('The drop.', FolderDrop), ...PROBLEMS },
    },
    handler: ({ params }) => readDrop(deps, params.tenantId),
  });

  api.route({
    method: 'DELETE',
    url: '/v1/tenants/:tenantId/folder-drop',
    config: { access: 'operate' },
    schema: {
      tags: TAGS,
      operationId: 'deleteFolderDrop',
      summary: 'Stop scanning the folder; what is in it stays there',
      params: TenantParams,
      response: { 204: z.undefined().describe('Removed.'), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      found((await deps.folderDrops.deleteDrop(request.params.tenantId, actorOf(request))) || null);
      return reply.code(204).send();
    },
  });
}
