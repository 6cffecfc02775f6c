import { SAMPLE_BYTES, Sample, SampleQuery, TenantParams } from '@callbay/contracts';
import { issue } from '@callbay/core';
import { type ReadSampleDeps, readTenantSample } from '@callbay/ingestion';
import { z } from 'zod';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { InputError } from '../server/input-error.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { sendProblem } from '../server/problem.ts';

const TAGS = ['mappings'];

const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length > 0);

/** Needs an instance whose bodies are bytes. */
export function registerSamples(api: Api, deps: ReadSampleDeps): void {
  api.route({
    method: 'POST',
    url: '/v1/tenants/:tenantId/mapping-samples',
    config: { access: 'manage', bytes: 'application/octet-stream', turn: 'none' },
    bodyLimit: SAMPLE_BYTES,
    schema: {
      tags: TAGS,
      operationId: 'readSample',
      summary:
        'Read a sample (the body: a JSON, XML, CSV or YAML file, 10 MiB at most) and suggest a mapping',
      params: TenantParams,
      querystring: SampleQuery,
      response: { 200: json('What the sample holds. Nothing is stored.', Sample), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const bytes = Bytes.safeParse(request.body);
      if (!bytes.success) {
        throw new InputError('body', [issue('REQUIRED', 'Send the sample file as the body.')]);
      }
      const sample = { ...request.params, ...request.query, bytes: bytes.data };
      const answer = found(await readTenantSample(deps, sample));
      if ('sample' in answer) return answer.sample;
      return sendProblem(reply, 'UNPROCESSABLE', { issues: answer.issues });
    },
  });
}
