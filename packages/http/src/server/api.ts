import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Access } from '../auth/access.ts';
import type { Principal } from '../auth/principal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. A route below `/v1` without it answers nobody. */
    access?: Access;
    /** The route may make the tenant of its path: an operator's request reaches it where there is none yet. */
    makesTenant?: boolean;
    /**
     * Whose turn a request of the route takes: `quick` unless said here, `long` for work of seconds, `none` where the
     * route bounds itself.
     */
    turn?: 'quick' | 'long' | 'none';
    /** The handler reads the body itself, as it comes: it is neither held nor bound to the time of other bodies. */
    isStreamed?: boolean;
    /** The media type of a body that is bytes, for the document: no schema validates it. */
    bytes?: string;
  }
  interface FastifyRequest {
    /** Who asks; set before any handler below `/v1`. */
    principal: Principal | null;
  }
}

/** What routes are registered on: bodies, queries and answers are typed by their zod schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
