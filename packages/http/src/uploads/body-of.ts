import { PassThrough, type Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';

/**
 * The body as a stream of its own. Destroying that stream leaves the request whole, so that a sender whose bytes are refused midway
 * gets an answer; a request that is cut destroys the stream.
 */
export function bodyOf({ raw }: FastifyRequest): Readable {
  const body = new PassThrough();
  const cut = (): void => {
    if (!raw.complete) body.destroy(new Error('the request was cut'));
  };
  raw.once('close', cut);
  raw.once('error', (error) => body.destroy(error));
  if (raw.destroyed) cut();
  return raw.pipe(body);
}
