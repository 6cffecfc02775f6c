import { type Issue, sampleIssue } from '@callbay/core';
import { Composer, isAlias, isMap, isScalar, isSeq } from 'yaml';
import { METADATA_LIMITS, type MetadataLimits } from '../limits.ts';
import { decodeText } from '../text/decode.ts';
import { createLocator } from '../text/locator.ts';
import { parseTokens } from './parse-tokens.ts';
import { YAML_SENTENCES } from './yaml-sentences.ts';

/** A YAML file as plain values, and where each of them stands, by paths such as `fields[2].type`. */
export type YamlValue =
  | { readonly value: unknown; readonly places: Readonly<Record<string, string>> }
  | { readonly issues: readonly Issue[] };

const REFUSED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const MAX_ALIASES = 100;

/**
 * Reads a YAML 1.2 document whose numbers and booleans mean themselves, such as a set-up file. Issues are YAML_INVALID
 * with line and column: bad syntax, a key twice, a key that would change an object, too much of anything.
 */
export function readYamlValue(bytes: Uint8Array, limits: MetadataLimits = METADATA_LIMITS): YamlValue {
  const refuse = (message: string, at: string | null) => ({
    issues: [sampleIssue('YAML_INVALID', at, message)],
  });
  const decoded = decodeText(bytes, { format: 'yaml' });
  if (!decoded.ok) return refuse(decoded.message, decoded.at);
  const { text } = decoded;
  const locator = createLocator(text);
  const parsed = parseTokens(text, limits);
  if (!parsed.ok) return refuse(parsed.fault.message, locator.place(parsed.fault.offset));
  const composer = new Composer({ schema: 'core', merge: false, strict: true, prettyErrors: false });
  const documents = [...composer.compose(parsed.tokens, true, text.length)];
  const [document] = documents;
  if (documents.length > 1)
    return refuse(YAML_SENTENCES.MULTIPLE_DOCS, locator.place(documents[1]!.range[0]));
  if (document === undefined || document.contents === null) return refuse('The file is empty.', null);
  if (document.errors.length > 0) {
    const errors = document.errors.slice(0, limits.issues);
    return {
      issues: errors.map((error) =>
        sampleIssue('YAML_INVALID', locator.place(error.pos[0]), YAML_SENTENCES[error.code]),
      ),
    };
  }
  const places = new Map<string, number>();
  const problems: Issue[] = [];
  note(document.contents, '', places, (offset, message) =>
    problems.push(sampleIssue('YAML_INVALID', locator.place(offset), message)),
  );
  if (problems.length > 0) return { issues: problems.slice(0, limits.issues) };
  return {
    value: document.toJS({ maxAliasCount: MAX_ALIASES }),
    places: Object.fromEntries([...places].map(([path, offset]) => [path, locator.place(offset)])),
  };
}

/** Notes where every value stands. An alias is noted and not followed, so that shared nodes do not multiply. */
function note(
  node: unknown,
  path: string,
  places: Map<string, number>,
  refuse: (offset: number, message: string) => void,
): void {
  const offset = (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? 0;
  if (path !== '' && !places.has(path)) places.set(path, offset);
  if (isAlias(node)) return;
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) note(item, `${path}[${index}]`, places, refuse);
  } else if (isMap(node)) {
    for (const { key, value } of node.items) {
      const keyOffset = (key as { range?: readonly number[] | null } | null)?.range?.[0] ?? offset;
      const name = isScalar(key) ? String(key.value) : null;
      if (name === null || REFUSED_KEYS.has(name)) refuse(keyOffset, 'Expected a key that is a plain name.');
      else {
        const below = path === '' ? name : `${path}.${name}`;
        places.set(below, keyOffset);
        note(value, below, places, refuse);
      }
    }
  }
}
