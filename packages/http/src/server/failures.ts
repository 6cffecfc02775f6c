import { CallbayError, ERROR_TABLE, type ErrorCode } from '@callbay/core';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { InputError } from './input-error.ts';
import { sendProblem } from './problem.ts';

const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_BAD_URL: 'NOT_FOUND',
  FST_ERR_MAX_LIMIT_PARAM: 'NOT_FOUND',
  FST_ERR_ASYNC_CONSTRAINT: 'NOT_FOUND',
};

/**
 * Answers every error a route can throw. Ours tell their sentence, Fastify's their kind, a fault only the request id.
 */
export function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof InputError) {
    // An id of the wrong shape is the id of nothing: it must answer as an absent one does.
    if (error.part === 'params') return sendProblem(reply, 'NOT_FOUND');
    const isOnlyZone =
      error.issues.length > 0 && error.issues.every(({ code }) => code === 'TIME_ZONE_UNKNOWN');
    return sendProblem(reply, isOnlyZone ? 'TIME_ZONE_UNKNOWN' : 'BAD_REQUEST', { issues: error.issues });
  }
  if (error instanceof CallbayError) {
    if (ERROR_TABLE[error.code].status >= 500) request.log.error({ err: error }, 'a request failed');
    return sendProblem(reply, error.code, detailsOf(error));
  }
  const { code = '', statusCode = 500 } = error as Partial<FastifyError>;
  const known = FASTIFY_CODES[code];
  if (known === 'PAYLOAD_TOO_LARGE') return sendProblem(reply, known, sayLimit(request));
  if (known !== undefined) return sendProblem(reply, known);
  if (statusCode >= 400 && statusCode < 500) return sendProblem(reply, 'BAD_REQUEST');
  request.log.error({ err: error }, 'unhandled error while serving a request');
  return sendProblem(reply, 'INTERNAL');
}

/** `acceptBytes` tells a route its own limit; all others have the server's. */
function sayLimit({ routeOptions, server }: FastifyRequest) {
  const limit = routeOptions.bodyLimit ?? server.initialConfig.bodyLimit;
  return limit === undefined ? {} : { detail: `At most ${limit} bytes are taken here: send less at once.` };
}

/** A message of its own is told as an issue too, since that is where the fix of its code sends people. */
function detailsOf(error: CallbayError) {
  const { sentence } = ERROR_TABLE[error.code];
  if (error.message === sentence) return {};
  return { detail: error.message, issues: [{ code: error.code, message: error.message, at: null }] };
}
