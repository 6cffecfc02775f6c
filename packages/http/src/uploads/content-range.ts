import { issue } from '@callbay/core';
import type { FastifyRequest } from 'fastify';
import { InputError } from '../server/input-error.ts';

/** Which bytes of a file a request carries: `start` to `start + lengthBytes`, exclusive. */
export interface CarriedRange {
  readonly start: number;
  readonly lengthBytes: number;
  /** Of the whole file. */
  readonly sizeBytes: number;
}

const refuse = (code: string, message: string, at: string): InputError =>
  new InputError('headers', [issue(code, message, at)]);

/** The length of a body. Throws an InputError where the request does not say it. */
export function readLength({ headers }: FastifyRequest): number {
  const length = Number(headers['content-length'] ?? Number.NaN);
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw refuse('REQUIRED', 'Send the size of the body in `Content-Length`.', 'content-length');
}

const RANGE = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15})$/;

/**
 * `bytes 0-1048575/5000000`, or `bytes` with a star in place of the range and `/5000000` with an empty body, which carries nothing and asks how far the upload is: then
 * null in place of the range. Throws an InputError for anything else, and where the body has another length. Source: RFC 9110, 14.4.
 */
export function readContentRange(request: FastifyRequest): {
  readonly range: CarriedRange | null;
  readonly sizeBytes: number;
} {
  const lengthBytes = readLength(request);
  const match = RANGE.exec(request.headers['content-range'] ?? '');
  if (match === null) {
    const message =
      'Send `Content-Range: bytes <first>-<last>/<size>`, or `bytes */<size>` to ask for the progress.';
    throw refuse('REQUIRED', message, 'content-range');
  }
  const [, first, last, size] = match;
  const sizeBytes = Number(size);
  if (first === undefined || last === undefined) {
    if (lengthBytes === 0) return { range: null, sizeBytes };
    throw refuse('OUT_OF_RANGE', '`bytes */<size>` is for requests without a body.', 'content-range');
  }
  const start = Number(first);
  if (Number(last) - start + 1 !== lengthBytes || Number(last) >= sizeBytes) {
    const message = 'The range must be as long as the body and end within the size.';
    throw refuse('OUT_OF_RANGE', message, 'content-range');
  }
  return { range: { start, lengthBytes, sizeBytes }, sizeBytes };
}
