import {
  ANALYSIS_BYTES,
  Analysis,
  AnalysisReceipt,
  CallParams,
  JsonText,
  NewAnalysis,
  Transcript,
} from '@callbay/contracts';
import { type Issue, trimKeys } from '@callbay/core';
import { type AnalysisStore, storeAnalysis } from '@callbay/ingestion';
import type { FastifyRequest } from 'fastify';
import { actorOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { InputError } from '../server/input-error.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { sendProblem } from '../server/problem.ts';
import { sendJson } from '../server/send-json.ts';

const TAGS = ['calls'];
/** The analysis, its transcripts or insights, and what they hold. */
const KEY_DEPTH = 3;
const url = '/v1/tenants/:tenantId/calls/:callId/analysis';

export function registerAnalyses(api: Api, deps: { readonly analyses: AnalysisStore }): void {
  const { analyses } = deps;
  const trimmed = new WeakMap<FastifyRequest, readonly Issue[]>();

  api.route({
    method: 'PUT',
    url,
    config: { access: 'analyze', turn: 'long' },
    bodyLimit: ANALYSIS_BYTES,
    schema: {
      tags: TAGS,
      operationId: 'putAnalysis',
      summary: 'Store what an analysis engine says of a call',
      description:
        'At most 16 MiB, in the words of the event `ConversationAnalyzedForDataFeeder`. It replaces the analysis before; the same content again changes nothing. Spaces around keys are removed, with a warning.',
      params: CallParams,
      body: NewAnalysis,
      response: { 200: json('What was stored.', AnalysisReceipt), ...PROBLEMS },
    },
    preValidation: async (request) => {
      const { value, warnings, issues } = trimKeys(request.body, KEY_DEPTH);
      if (issues.length > 0) throw new InputError('body', issues);
      request.body = value as typeof request.body;
      trimmed.set(request, warnings);
    },
    handler: async (request, reply) => {
      const warnings = trimmed.get(request) ?? [];
      const analysis = { ...request.params, analysis: request.body, warnings };
      const answer = found(await storeAnalysis(deps, analysis, actorOf(request)));
      if ('stored' in answer) return answer.stored;
      return sendProblem(reply, 'UNPROCESSABLE', { issues: answer.issues });
    },
  });

  api.route({
    method: 'GET',
    url,
    config: { access: 'read', turn: 'long' },
    schema: {
      tags: TAGS,
      operationId: 'getAnalysis',
      summary: 'Read the newest analysis of a call',
      params: CallParams,
      response: { 200: json('The analysis as it was sent, with its version.', Analysis), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, callId } }, reply) => {
      const { body, ...stored } = found(await analyses.findAnalysis(tenantId, callId));
      // The stored text goes out as it is: it is an object that is never empty.
      const members = JSON.stringify(stored).slice(0, -1);
      return sendJson(reply, new JsonText(`${members},${body.text.slice(1)}`));
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/calls/:callId/transcript',
    config: { access: 'read', turn: 'long' },
    schema: {
      tags: TAGS,
      operationId: 'getTranscript',
      summary: 'Read who said what in a call',
      description:
        'From the newest analysis that has a transcript; `segments` is empty where there is none. `channel` is the side of the recording that a speaker is heard on, by the channel map of the tenant at the time of the analysis.',
      params: CallParams,
      response: { 200: json('The segments in the order of time.', Transcript), ...PROBLEMS },
    },
    handler: async ({ params: { tenantId, callId } }, reply) =>
      sendJson(reply, found(await analyses.findTranscript(tenantId, callId))),
  });
}
