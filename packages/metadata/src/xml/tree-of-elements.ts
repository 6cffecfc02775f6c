import { quoteKey } from '../text/wording.ts';
import type { Fault, SourceEntry, SourceMap, SourceNode, TreeReading } from '../tree/source-node.ts';
import { decodeEntities } from './decode-entities.ts';
import { isMarkup, NO_SCOPE, type Scope, scopeWithin } from './namespaces.ts';
import type { XmlElement } from './parse-elements.ts';

/** Holds the first fault; what is made after it is thrown away. */
interface Conversion {
  problem: Fault | null;
}

/** The tree whose map is the root element: its attributes and its children. An attribute named as a child is `@name`. */
export function treeOfElements(root: XmlElement): TreeReading {
  const conversion: Conversion = { problem: null };
  const scope = scopeWithin(NO_SCOPE, root);
  if (root.children.length === 0 && textOf(root, conversion).trim() !== '') {
    fail(conversion, root.offset, `Expected elements inside ${quoteKey(root.name)}, found only text.`);
  }
  const children = entriesOf(root, scope, conversion);
  const taken = new Set(children.map(({ key }) => key));
  const attributes = attributesOf(root, scope, conversion).map((entry) =>
    taken.has(entry.key) ? { ...entry, key: `@${entry.key}` } : entry,
  );
  const entries = [...attributes, ...children];
  const map: SourceMap = { kind: 'map', entries, offset: root.offset };
  return conversion.problem === null ? { ok: true, root: map } : { ok: false, fault: conversion.problem };
}

/** Children of one name become one entry, several of them a list. */
function entriesOf(parent: XmlElement, scope: Scope, conversion: Conversion): SourceEntry[] {
  if (parent.text.some(isMoreThanSpace) && textOf(parent, conversion).trim() !== '') {
    fail(
      conversion,
      parent.offset,
      `Expected either text or elements inside ${quoteKey(parent.name)}, found both.`,
    );
  }
  const entries: SourceEntry[] = [];
  const places = new Map<string, number>();
  const lists = new Map<number, SourceNode[]>();
  for (const element of parent.children) {
    const value = nodeOf(element, scope, conversion);
    const known = places.get(element.name);
    if (known === undefined) {
      places.set(element.name, entries.length);
      entries.push({ key: element.name, offset: element.offset, value });
      continue;
    }
    const first = entries[known]!;
    const items = lists.get(known);
    if (items !== undefined) items.push(value);
    else {
      const begun = [first.value, value];
      lists.set(known, begun);
      entries[known] = { ...first, value: { kind: 'list', items: begun, offset: first.offset } };
    }
  }
  return entries;
}

/** Text between elements is nearly always what they are indented with. */
const isMoreThanSpace = ({ raw }: XmlElement['text'][number]): boolean => !/^[ \t\n]*$/.test(raw);

function nodeOf(element: XmlElement, parentScope: Scope, conversion: Conversion): SourceNode {
  const { offset } = element;
  const scope = scopeWithin(parentScope, element);
  const attributes = attributesOf(element, scope, conversion);
  return element.children.length === 0
    ? { kind: 'text', text: textOf(element, conversion), offset, attributes }
    : { kind: 'map', entries: entriesOf(element, scope, conversion), offset, attributes };
}

function attributesOf(element: XmlElement, scope: Scope, conversion: Conversion): SourceEntry[] {
  const { offset } = element;
  if (element.attributes.length === 0) return [];
  const entries: SourceEntry[] = [];
  for (const { name, raw } of element.attributes) {
    // XML reads a line end or tab in an attribute as a space, unless it is written as a reference.
    const text = decode(raw.replace(/[\n\t]/g, ' '), offset, conversion);
    if (!isMarkup(name, scope)) entries.push({ key: name, offset, value: { kind: 'text', text, offset } });
  }
  return entries;
}

function textOf(element: XmlElement, conversion: Conversion): string {
  const [only, ...others] = element.text;
  if (only === undefined) return '';
  if (others.length === 0 && !only.isLiteral) return decode(only.raw, element.offset, conversion);
  return element.text
    .map(({ raw, isLiteral }) => (isLiteral ? raw : decode(raw, element.offset, conversion)))
    .join('');
}

function decode(raw: string, offset: number, conversion: Conversion): string {
  const decoded = decodeEntities(raw);
  if (decoded !== null) return decoded;
  fail(
    conversion,
    offset,
    'Expected `&` to begin one of `&lt;` `&gt;` `&amp;` `&quot;` `&apos;` or a character number.',
  );
  return '';
}

function fail(conversion: Conversion, offset: number, message: string): void {
  conversion.problem ??= { offset, message };
}
