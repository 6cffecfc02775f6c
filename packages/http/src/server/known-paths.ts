import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.ts';

/**
 * Remembers every route, so that a known path asked for with another method answers 405 and names its methods, and any
 * other path 404. Both before anybody is asked who they are: the paths are public. Register before the routes.
 */
export function answerUnknownPaths(app: FastifyInstance): void {
  const methodsByPath = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPath.get(url) ?? new Set<string>();
    for (const name of [method].flat()) methods.add(name);
    methodsByPath.set(url, methods);
  });
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    for (const [pattern, methods] of methodsByPath) {
      if (matches(pattern, path)) {
        return sendProblem(reply.header('allow', [...methods].sort().join(', ')), 'METHOD_NOT_ALLOWED');
      }
    }
    return sendProblem(reply, 'NOT_FOUND');
  });
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (part.startsWith(':') ? given[index] !== '' : part === given[index]))
  );
}
