import { issue } from '@callbay/core';
import type { FastifyInstance } from 'fastify';
import { InputError } from './input-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Lets requests carry JSON and nothing else. An empty body is not a body. */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => (body.length === 0 ? undefined : readJson(body)),
  );
}

function readJson(body: Buffer): unknown {
  const text = decode(body);
  try {
    return JSON.parse(text, refuseProto);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw invalid('JSON_INVALID', 'The body is not valid JSON.', placeOf(error, text));
  }
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw invalid('UTF8_INVALID', 'The body is not valid UTF-8.', null);
  }
}

/** Keys that change an object instead of standing in it. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw invalid('UNKNOWN_FIELD', 'There is no such field here.', '__proto__');
  return value;
}

const invalid = (code: string, message: string, at: string | null) =>
  new InputError('body', [issue(code, message, at)]);

/** Where V8 says the text stops being JSON, as line and column. */
function placeOf(error: unknown, text: string): string | null {
  const message = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  const end =
    position === undefined ? (/end of JSON input/.test(message) ? text.length : null) : Number(position);
  if (end === null) return null;
  const before = text.slice(0, end).split('\n');
  return `line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1}`;
}
