import { createRequire } from 'node:module';
import { Problem } from '@callbay/contracts';
import fastifySwagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { z } from 'zod';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Collects every route registered after it into the OpenAPI document. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Callbay',
        version,
        description:
          'The loading bay for call recordings: administration, and complete calls out. Send an API key as `Authorization: Bearer <key>`; the first one is in `operator.key` of CALLBAY_HOME. A foreign id and an absent id give the same 404.',
      },
      servers: [{ url: '/', description: 'The server that this document came from' }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: (input) => {
      const { schema, url } = jsonSchemaTransform(input as Parameters<typeof jsonSchemaTransform>[0]);
      const { access, bytes } = input.route.config ?? {};
      const rest = {
        ...(access === 'public' ? { security: [] } : {}),
        ...(bytes === undefined ? {} : { consumes: [bytes], body: { type: 'string', format: 'binary' } }),
      };
      return { schema: { ...schema, ...(access === undefined ? {} : { 'x-access': access }), ...rest }, url };
    },
    transformObject: (input) =>
      withoutUnused(jsonSchemaTransformObject(input as Parameters<typeof jsonSchemaTransformObject>[0])),
  });
}

/** Drops schemas that nothing refers to: each is generated once as input and once as output, and most serve one way. */
function withoutUnused<T extends object>(document: T): T {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value ?? null).matchAll(
      /"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit((document as { paths?: unknown }).paths);
  const kept = Object.entries(schemas).filter(([name]) => used.has(name));
  return { ...document, components: { ...components, schemas: Object.fromEntries(kept.sort()) } };
}

/** A JSON answer and its sentence for the document. */
export const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});

/** What any route may answer instead. */
export const PROBLEMS = {
  default: {
    description: 'What went wrong, and what to do about it.',
    content: { 'application/problem+json': { schema: Problem } },
  },
};
