import { Liveness, ServiceHealth } from '@callbay/contracts';
import { z } from 'zod';
import { assertMayReadMetrics, type MetricsAccess } from '../auth/metrics-access.ts';
import type { Api } from '../server/api.ts';
import { json, PROBLEMS } from '../server/openapi.ts';

export interface HealthDeps {
  /** What we need, by name; each rejects when it is unavailable. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** The process's metrics in the text form that Prometheus scrapes. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
}

const CHECK_MS = 2_000;
const TAGS = ['health'];
const CONFIG = { access: 'public' } as const;

export function registerHealth(
  api: Api,
  { checks, metrics, access }: HealthDeps & { access: MetricsAccess },
): void {
  api.route({
    method: 'GET',
    url: '/health/live',
    config: CONFIG,
    schema: {
      tags: TAGS,
      operationId: 'getLiveness',
      summary: 'Whether the process answers',
      response: { 200: json('It does.', Liveness), ...PROBLEMS },
    },
    handler: async () => ({ status: 'ok' as const }),
  });

  api.route({
    method: 'GET',
    url: '/health/ready',
    config: CONFIG,
    schema: {
      tags: TAGS,
      operationId: 'getServiceHealth',
      summary: 'Whether every required service is available',
      response: {
        200: json('Every service is available.', ServiceHealth),
        503: json('A required service is unavailable.', ServiceHealth),
        ...PROBLEMS,
      },
    },
    handler: async (request, reply) => {
      const names = Object.keys(checks);
      const results = await Promise.allSettled(
        Object.values(checks).map((check) => within(check(), CHECK_MS)),
      );
      for (const [index, result] of results.entries()) {
        if (result.status === 'rejected')
          request.log.warn({ err: result.reason, check: names[index] }, 'a required service is unavailable');
      }
      const states = results.map(({ status }) =>
        status === 'fulfilled' ? ('ok' as const) : ('unavailable' as const),
      );
      const status = states.includes('unavailable') ? ('unavailable' as const) : ('ok' as const);
      reply.code(status === 'ok' ? 200 : 503);
      return {
        status,
        checks: Object.fromEntries(names.map((name, index) => [name, states[index] ?? 'unavailable'])),
      };
    },
  });

  api.route({
    method: 'GET',
    url: '/metrics',
    config: CONFIG,
    schema: {
      tags: TAGS,
      operationId: 'getMetrics',
      summary: 'Metrics in the text form of Prometheus',
      description:
        'For the bearer token `CALLBAY_METRICS_TOKEN`, for an operator’s key, and, where no token is set, for requests from the machine itself.',
      response: {
        200: { description: 'The metrics.', content: { 'text/plain': { schema: z.string() } } },
        ...PROBLEMS,
      },
    },
    onRequest: (request) => assertMayReadMetrics(request, access),
    handler: async (_request, reply) => {
      const text = await metrics.text();
      return reply.header('content-type', metrics.contentType).send(text);
    },
  });
}

/** Rejects where the promise has not settled in time. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
