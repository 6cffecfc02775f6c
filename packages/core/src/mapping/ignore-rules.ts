import { aliasKey } from './enum-aliases.ts';
import type { IgnoreRule } from './field-mapping.ts';
import type { FindSource } from './field-source.ts';

/**
 * The first rule that leaves a record out, as the end of a sentence; null where none does. A field that the record lacks
 * is an empty one.
 */
export function ignoringRule(
  rules: readonly IgnoreRule[] | undefined,
  find: FindSource,
  textOf: (name: string) => string,
): string | null {
  for (const { source, equals } of rules ?? []) {
    const name = find(source);
    const text = aliasKey(name === null ? '' : textOf(name));
    const word = equals.find((each) => aliasKey(each) === text);
    if (word !== undefined) return `"${source}" is ${word.trim() === '' ? 'empty' : JSON.stringify(word)}`;
  }
  return null;
}
