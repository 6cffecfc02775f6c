import type { Problem } from '@callbay/contracts';
import { ERROR_TABLE, type ErrorCode, type Issue } from '@callbay/core';
import type { FastifyReply } from 'fastify';
import { SECURE_HEADERS } from './headers.ts';

const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemDetails {
  /** What exactly, where it says more than the fix of the code. */
  readonly detail?: string | undefined;
  readonly issues?: readonly Issue[] | undefined;
}

/** The public shape of a failed request. Source: RFC 9457. */
export function problemOf(
  code: ErrorCode,
  requestId: string,
  { detail, issues = [] }: ProblemDetails = {},
): Problem {
  const { status, sentence, fix } = ERROR_TABLE[code];
  return {
    type: `urn:callbay:error:${code}`,
    title: sentence,
    status,
    detail: detail ?? fix,
    code,
    issues: [...issues],
    requestId,
  };
}

/** Answers with a problem and nothing else. */
export function sendProblem(
  reply: FastifyReply,
  code: ErrorCode,
  details: ProblemDetails = {},
): FastifyReply {
  const { status, retryable } = ERROR_TABLE[code];
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="callbay"');
  if (retryable && !reply.hasHeader('retry-after')) reply.header('retry-after', '5');
  return reply
    .code(status)
    .headers(SECURE_HEADERS)
    .header('x-request-id', reply.request.id)
    .header('content-type', PROBLEM_TYPE)
    .send(Buffer.from(JSON.stringify(problemOf(code, reply.request.id, details))));
}
