import { writeJson } from '@callbay/contracts';
import type { FastifyReply } from 'fastify';

/**
 * Answers with JSON that may hold `JsonText`, past the schema of the route: to check hundreds of thousands of values
 * would keep everybody else waiting. What the schema says of them is tested instead.
 */
export const sendJson = (reply: FastifyReply, value: unknown): never =>
  // Fastify takes bytes as they are. The type of an answer is that of the schema, which bytes never are.
  reply
    .header('content-type', 'application/json; charset=utf-8')
    .send(Buffer.from(writeJson(value))) as never;
