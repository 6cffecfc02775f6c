import { type Issue, issue } from '@callbay/core';
import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { InputError } from './input-error.ts';
import { pathText } from './path-text.ts';
import { findUnstorable } from './storable.ts';

/** Validates a part of a request by its zod schema and reports all problems at once. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart = 'request' }) =>
  (received) => {
    // Fastify hands null for a body that did not come.
    const input: unknown = httpPart === 'body' && received === null ? undefined : received;
    const checked = checkInput(schema, input);
    return 'value' in checked ? checked : { error: new InputError(httpPart, checked.issues) };
  };

/** A value checked by its schema, or all that is wrong with it. No text passes that the database could not hold. */
export function checkInput<T extends z.ZodType>(
  schema: T,
  input: unknown,
): { readonly value: z.output<T> } | { readonly issues: readonly Issue[] } {
  const parsed = z.safeParse(schema, input);
  const unstorable = findUnstorable(input);
  if (parsed.success) return unstorable.length === 0 ? { value: parsed.data } : { issues: unstorable };
  const issues = parsed.error.issues.flatMap((found) => toIssues(found, input));
  const places = new Set(issues.map(({ at }) => at));
  return { issues: [...issues, ...unstorable.filter(({ at }) => !places.has(at))] };
}

const CODES: Readonly<Record<string, string>> = {
  invalid_type: 'TYPE_INVALID',
  invalid_format: 'FORMAT_INVALID',
  invalid_value: 'VALUE_NOT_ALLOWED',
  too_small: 'OUT_OF_RANGE',
  too_big: 'OUT_OF_RANGE',
  not_multiple_of: 'OUT_OF_RANGE',
};

function toIssues(found: z.core.$ZodIssue, input: unknown): Issue[] {
  if (found.code === 'unrecognized_keys') {
    return found.keys.map((key) =>
      issue('UNKNOWN_FIELD', 'There is no such field here.', pathText([...found.path, key])),
    );
  }
  const at = pathText(found.path);
  if (found.code === 'invalid_union') return toUnionIssues(found, input);
  if (found.code === 'invalid_key') {
    const [inner] = found.issues;
    return [issue('KEY_INVALID', inner?.message ?? found.message, at)];
  }
  if (found.code === 'custom') {
    const code: unknown = found.params?.code;
    return [issue(typeof code === 'string' ? code : 'INVALID', found.message, at)];
  }
  if (found.code === 'invalid_type' && valueAt(input, found.path) === undefined) {
    return [
      issue('REQUIRED', found.path.length === 0 ? 'A JSON body is needed.' : 'This field is needed.', at),
    ];
  }
  return [issue(CODES[found.code] ?? 'INVALID', found.message, at)];
}

/**
 * The problems of the form that was most likely meant: the one that knows the fields, then the one that misses least.
 */
function toUnionIssues(found: z.core.$ZodIssueInvalidUnion, input: unknown): Issue[] {
  const unknownIn = (form: readonly z.core.$ZodIssue[]): number =>
    form.filter(({ code }) => code === 'unrecognized_keys').length;
  const [meant] = found.errors.toSorted((a, b) => unknownIn(a) - unknownIn(b) || a.length - b.length);
  if (meant === undefined) return [issue('INVALID', found.message, pathText(found.path))];
  return meant.flatMap((inner) => toIssues({ ...inner, path: [...found.path, ...inner.path] }, input));
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
