import {
  CrmPreview,
  type MappingKind,
  MappingParams,
  PREVIEW_BYTES,
  Preview,
  PreviewRequest,
} from '@callbay/contracts';
import { issue } from '@callbay/core';
import { type CrmPreviewDeps, type PreviewDeps, previewCrmMapping, previewMapping } from '@callbay/ingestion';
import { z } from 'zod';
import { found } from '../found.ts';
import { assertReadsIds } from '../mappings/routes.ts';
import type { Api } from '../server/api.ts';
import { InputError } from '../server/input-error.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

const TAGS = ['mappings'];

const AnyPreview = z.union([Preview, CrmPreview]).meta({ description: '`CrmPreview` but of kind `call`.' });

export function registerPreviews(api: Api, deps: PreviewDeps & CrmPreviewDeps): void {
  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/mappings/:kind/preview',
    config: { access: 'manage', turn: 'long' },
    bodyLimit: PREVIEW_BYTES,
    schema: {
      tags: TAGS,
      operationId: 'previewMapping',
      summary:
        'Try a draft on a sample and on the last files, beside the version in force; nothing is stored',
      params: MappingParams,
      body: PreviewRequest,
      response: { 200: json('What the draft would make of them.', AnyPreview), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, kind }, body }) => {
      if (kind === 'call') return found(await previewMapping(deps, { tenantId, request: body }));
      assertTriable(kind, body);
      return found(await previewCrmMapping(deps, { tenantId, type: kind, request: body }));
    },
  });
}

function assertTriable(kind: MappingKind, { mapping, lastFiles }: PreviewRequest): void {
  assertReadsIds(kind, mapping.fields, 'mapping.fields');
  if (lastFiles === undefined) return;
  const message = 'The rows of CRM files are not kept: send one as the sample.';
  throw new InputError('body', [issue('VALUE_NOT_ALLOWED', message, 'lastFiles')]);
}
