import type { FastifyInstance } from 'fastify';

/** One answer: `route` is its pattern, which no client chooses the number of. */
export type Answered = (
  answer: { readonly method: string; readonly route: string; readonly status: string },
  seconds: number,
) => void;

/** Reports every answer as it begins. */
export function watchAnswers(app: FastifyInstance, tell: Answered): void {
  app.addHook('onSend', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    tell({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}
