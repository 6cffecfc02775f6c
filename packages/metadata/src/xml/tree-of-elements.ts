import { quoteKey } from '../text/wording.ts';
import type { Fault, SourceEntry, SourceMap, SourceNode, TreeReading } from '../tree/source-node.ts';
import { decodeEntities } from './decode-entities.ts';
import type { XmlElement } from './parse-elements.ts';

/** Attributes that speak of the XML itself and not of the call. */
const MARKUP_ATTRIBUTE = /^(?:xmlns$|xmlns:|xsi:|xml:)/;

/** Holds the first fault; what is made after it is thrown away. */
interface Conversion {
  problem: Fault | null;
}

/** The tree whose map is the root element: its attributes and its children. */
export function treeOfElements(root: XmlElement): TreeReading {
  const conversion: Conversion = { problem: null };
  if (root.children.length === 0 && textOf(root, conversion).trim() !== '') {
    fail(conversion, root.offset, `Expected elements inside ${quoteKey(root.name)}, found only text.`);
  }
  const entries = [...attributesOf(root, conversion), ...entriesOf(root, conversion)];
  const map: SourceMap = { kind: 'map', entries, offset: root.offset };
  return conversion.problem === null ? { ok: true, root: map } : { ok: false, fault: conversion.problem };
}

/** Children of one name become one entry, several of them a list. */
function entriesOf(parent: XmlElement, conversion: Conversion): SourceEntry[] {
  if (parent.children.length > 0 && textOf(parent, conversion).trim() !== '') {
    fail(
      conversion,
      parent.offset,
      `Expected either text or elements inside ${quoteKey(parent.name)}, found both.`,
    );
  }
  const groups = Map.groupBy(parent.children, (child) => child.name);
  return [...groups].map(([key, elements]) => {
    const items = elements.map((element) => nodeOf(element, conversion));
    const offset = elements[0]?.offset ?? parent.offset;
    const [only, ...others] = items;
    const value: SourceNode =
      only !== undefined && others.length === 0 ? only : { kind: 'list', items, offset };
    return { key, offset, value };
  });
}

function nodeOf(element: XmlElement, conversion: Conversion): SourceNode {
  const { offset } = element;
  const attributes = attributesOf(element, conversion);
  return element.children.length === 0
    ? { kind: 'text', text: textOf(element, conversion), offset, attributes }
    : { kind: 'map', entries: entriesOf(element, conversion), offset, attributes };
}

function attributesOf(element: XmlElement, conversion: Conversion): SourceEntry[] {
  const { offset } = element;
  return element.attributes
    .filter(({ name }) => !MARKUP_ATTRIBUTE.test(name))
    .map(({ name, raw }) => {
      // XML reads a line end or tab in an attribute as a space, unless it is written as a reference.
      const text = decode(raw.replace(/[\n\t]/g, ' '), offset, conversion);
      return { key: name, offset, value: { kind: 'text', text, offset } };
    });
}

function textOf(element: XmlElement, conversion: Conversion): string {
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
