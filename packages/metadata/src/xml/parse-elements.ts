import { XMLParser } from 'fast-xml-parser';
import type { PlainXml, StartTag } from './scan-xml.ts';

/** One element as the library read it, nothing resolved yet. */
export interface XmlElement {
  readonly name: string;
  readonly offset: number;
  readonly children: readonly XmlElement[];
  /** The element's own text in pieces; a literal piece is CDATA. */
  readonly text: readonly { readonly raw: string; readonly isLiteral: boolean }[];
  readonly attributes: readonly { readonly name: string; readonly raw: string }[];
}

const TEXT = '#text';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';
const ATTRIBUTE_PREFIX = '@';

/** The library's own sentence may quote the text. */
const EXCERPT = 120;

const LOST = 'The XML cannot be read whole: send it without what is unusual in it, or as JSON.';

const parsers = new Map<number, XMLParser>();

/** A parser keeps nothing of what it read. */
function parserOf(maxNestedTags: number): XMLParser {
  const known = parsers.get(maxNestedTags);
  if (known !== undefined) return known;
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: ATTRIBUTE_PREFIX,
    textNodeName: TEXT,
    cdataPropName: CDATA,
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: false,
    maxNestedTags,
    onDangerousProperty: (name: string) => name,
  });
  parsers.set(maxNestedTags, parser);
  return parser;
}

/**
 * The root element of a text that the scan has passed, or why the library does not read it. Nothing is converted,
 * trimmed or expanded on the way. The library must find the very tags and attributes that the scan found: whatever it
 * would lose is a refusal.
 */
export function parseElements(
  { text, starts }: PlainXml,
  maxDepth: number,
): XmlElement | { problem: string } {
  let nodes: unknown;
  try {
    nodes = parserOf(maxDepth).parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { problem: `The XML cannot be read: ${error.message.slice(0, EXCERPT).toWellFormed()}` };
  }
  const walk: Walk = { starts, next: 0, isSame: true };
  const [root] = contentOf(nodesIn(nodes), walk).children;
  return root !== undefined && walk.isSame && walk.next === starts.length ? root : { problem: LOST };
}

/** Holds what the library found against what the scan found. */
interface Walk {
  readonly starts: readonly StartTag[];
  next: number;
  isSame: boolean;
}

/** With `preserveOrder` a node is an object of one key, its tag or `#text`, beside its attributes and its place. */
type LibraryNode = Readonly<Record<string | symbol, unknown>>;

const nodesIn = (value: unknown): readonly LibraryNode[] =>
  Array.isArray(value) ? (value as LibraryNode[]) : [];

function tagOf(node: LibraryNode): string {
  for (const key in node) if (key !== ATTRIBUTES) return key;
  return TEXT;
}

type Content = Pick<XmlElement, 'children' | 'text'>;

const NOTHING: readonly never[] = [];

/** Elements and pieces of text among the nodes, in order. Loops: it runs for every element of every file. */
function contentOf(nodes: readonly LibraryNode[], walk: Walk): Content {
  if (nodes.length === 0) return { children: NOTHING, text: NOTHING };
  const children: XmlElement[] = [];
  const text: { raw: string; isLiteral: boolean }[] = [];
  for (const node of nodes) {
    const name = tagOf(node);
    if (name === TEXT) text.push({ raw: String(node[TEXT]), isLiteral: false });
    else if (name === CDATA) {
      for (const piece of nodesIn(node[CDATA])) text.push({ raw: String(piece[TEXT]), isLiteral: true });
    } else {
      const start = walk.starts[walk.next];
      walk.next += 1;
      const attributes = attributesOf(node[ATTRIBUTES]);
      walk.isSame &&= start?.name === name && start.attributes === attributes.length;
      const { children: inner, text: own } = contentOf(nodesIn(node[name]), walk);
      children.push({ name, offset: start?.offset ?? 0, children: inner, text: own, attributes });
    }
  }
  return { children, text };
}

function attributesOf(given: unknown): XmlElement['attributes'] {
  if (given === undefined) return NOTHING;
  return Object.entries(given as Readonly<Record<string, string>>).map(([key, raw]) => ({
    name: key.slice(ATTRIBUTE_PREFIX.length),
    raw,
  }));
}
