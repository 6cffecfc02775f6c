import { isAlias, isMap, isScalar, isSeq, type ParsedNode } from 'yaml';
import type { MetadataLimits } from '../limits.ts';
import type { Fault, SourceEntry, SourceNode, TreeReading } from '../tree/source-node.ts';

interface Conversion {
  readonly limits: MetadataLimits;
  /** What each anchor stands for; null while that is still being read, so that an alias inside it is a circle. */
  readonly anchors: Map<string, SourceNode | null>;
  aliases: number;
  /** The first fault; what is made after it is thrown away. */
  problem: Fault | null;
}

const NOTHING = /^(?:~|null|Null|NULL|)$/;

/** The tree of a composed document. Aliases share the node of their anchor, they never copy it. */
export function treeOfDocument(contents: ParsedNode, limits: MetadataLimits): TreeReading {
  const conversion: Conversion = { limits, anchors: new Map(), aliases: 0, problem: null };
  const root = nodeOf(contents, contents.range[0], conversion);
  return conversion.problem === null ? { ok: true, root } : { ok: false, fault: conversion.problem };
}

function nodeOf(node: ParsedNode | null, parentOffset: number, conversion: Conversion): SourceNode {
  const offset = node?.range[0] ?? parentOffset;
  if (node === null) return { kind: 'text', text: '', offset };
  if (isAlias(node)) return nodeOfAlias(node.source, offset, conversion);
  const { anchor } = node;
  if (anchor !== undefined) conversion.anchors.set(anchor, null);
  const converted = convert(node, offset, conversion);
  if (anchor !== undefined) conversion.anchors.set(anchor, converted);
  return converted;
}

function convert(node: ParsedNode, offset: number, conversion: Conversion): SourceNode {
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => entryOf(key, value, offset, conversion));
    return { kind: 'map', entries, offset };
  }
  if (isSeq(node)) {
    return { kind: 'list', items: node.items.map((item) => nodeOf(item, offset, conversion)), offset };
  }
  return { kind: 'text', text: textOf(node, offset, conversion), offset };
}

function entryOf(
  key: ParsedNode | null,
  value: ParsedNode | null,
  parentOffset: number,
  conversion: Conversion,
): SourceEntry {
  const offset = key?.range[0] ?? value?.range[0] ?? parentOffset;
  const name = nodeOf(key, offset, conversion);
  if (name.kind !== 'text') fail(conversion, offset, 'Expected the key to be a single value.');
  const text =
    isScalar(key) && typeof key.value === 'string' ? key.value : name.kind === 'text' ? name.text : '';
  return { key: text, offset, value: nodeOf(value, offset, conversion) };
}

function textOf(node: ParsedNode, offset: number, conversion: Conversion): string {
  if (!isScalar(node) || typeof node.value !== 'string') {
    fail(conversion, offset, 'Expected a value that is text.');
    return '';
  }
  return node.type === 'PLAIN' && NOTHING.test(node.value) ? '' : node.value;
}

function nodeOfAlias(anchor: string, offset: number, conversion: Conversion): SourceNode {
  const limit = conversion.limits.yamlAliases;
  conversion.aliases += 1;
  if (conversion.aliases > limit) fail(conversion, offset, `The YAML holds more than ${limit} aliases.`);
  const target = conversion.anchors.get(anchor);
  if (target === undefined) fail(conversion, offset, 'Expected the anchor of this alias before it.');
  if (target === null)
    fail(conversion, offset, 'Expected an alias of something else: this one holds itself.');
  return target ?? { kind: 'text', text: '', offset };
}

function fail(conversion: Conversion, offset: number, message: string): void {
  conversion.problem ??= { offset, message };
}
