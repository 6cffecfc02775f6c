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
