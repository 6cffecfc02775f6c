import { decodeEntities } from './decode-entities.ts';
import type { XmlElement } from './parse-elements.ts';

/** The namespaces that are declared at a place: prefix to URI. */
export type Scope = ReadonlyMap<string, string>;

/** Documents without namespaces write `xsi:` all the same, and mean its usual one. */
const SCHEMA_INSTANCE = /^http:\/\/www\.w3\.org\/(?:1999|2000\/10|2001)\/XMLSchema-instance$/;

export const NO_SCOPE: Scope = new Map([['xsi', 'http://www.w3.org/2001/XMLSchema-instance']]);

/** What is declared inside an element: what is outside, and its own declarations. */
export function scopeWithin(outside: Scope, { attributes }: Pick<XmlElement, 'attributes'>): Scope {
  if (attributes.length === 0) return outside;
  const own = attributes.filter(({ name }) => name.startsWith('xmlns:'));
  if (own.length === 0) return outside;
  return new Map([
    ...outside,
    ...own.map(({ name, raw }): [string, string] => [
      name.slice('xmlns:'.length),
      decodeEntities(raw) ?? raw,
    ]),
  ]);
}

/**
 * Whether an attribute says something about the XML itself and not about the call: declarations of namespaces, `xml:`,
 * and the namespace of schema instances (`nil`, `type`, `schemaLocation`) under whatever prefix.
 */
export function isMarkup(name: string, scope: Scope): boolean {
  const colon = name.indexOf(':');
  if (colon === -1) return name === 'xmlns';
  const prefix = name.slice(0, colon);
  return prefix === 'xmlns' || prefix === 'xml' || SCHEMA_INSTANCE.test(scope.get(prefix) ?? '');
}
