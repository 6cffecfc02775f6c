import type { FastifyInstance } from 'fastify';

/**
 * Lets requests carry any bytes up to a limit, whatever their type says: for an instance of its own, below
 * `acceptJson`.
 */
export function acceptBytes(app: FastifyInstance, limitBytes: number): void {
  app.removeAllContentTypeParsers();
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= limitBytes;
  });
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: limitBytes },
    async (_request: unknown, body: Buffer) => body,
  );
}

/** Leaves bodies of up to a limit to the handlers, which read them as they come: for an instance of its own. */
export function leaveBodies(app: FastifyInstance, limitBytes: number): void {
  app.removeAllContentTypeParsers();
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= limitBytes;
  });
  app.addContentTypeParser('*', { bodyLimit: limitBytes }, (_request, _body, done) => done(null));
}
