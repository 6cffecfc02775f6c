import { XMLParser } from 'fast-xml-parser';

/** One element as the library read it, nothing resolved yet. */
export interface XmlElement {
  readonly name: string;
  readonly offset: number;
  readonly children: readonly XmlElement[];
  /** The element's own text in pieces; a literal piece is CDATA. */
  readonly text: readonly { readonly raw: string; readonly isLiteral: boolean }[];
  readonly attributes: readonly { readonly name: string; readonly raw: string }[];
}

/** Where the library keeps an element's place; its types call it a Symbol object. */
const PLACE = XMLParser.getMetaDataSymbol() as unknown as symbol;
const TEXT = '#text';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';
const ATTRIBUTE_PREFIX = '@';

/**
 * The root element of a text that the scan and the validator have passed; null when it holds a name that the library
 * refuses to make an object key of, such as `__proto__`. Nothing is converted, trimmed or expanded on the way.
 */
export function parseElements(text: string, maxDepth: number): XmlElement | null {
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
    ignoreDeclaration: true,
    ignorePiTags: true,
    captureMetaData: true,
    maxNestedTags: maxDepth,
    onDangerousProperty: (name: string) => name,
  });
  let nodes: unknown;
  try {
    nodes = parser.parse(text);
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
  return nodesIn(nodes).flatMap(elementOf)[0] ?? null;
}

/** With `preserveOrder` a node is an object of one key, its tag or `#text`, beside its attributes and its place. */
type LibraryNode = Readonly<Record<string | symbol, unknown>>;

const nodesIn = (value: unknown): readonly LibraryNode[] =>
  Array.isArray(value) ? (value as LibraryNode[]) : [];

const tagOf = (node: LibraryNode): string => Object.keys(node).find((key) => key !== ATTRIBUTES) ?? TEXT;

function elementOf(node: LibraryNode): XmlElement[] {
  const name = tagOf(node);
  if (name === TEXT || name === CDATA) return [];
  const children = nodesIn(node[name]);
  return [
    {
      name,
      offset: (node[PLACE] as { startIndex?: number } | undefined)?.startIndex ?? 0,
      children: children.flatMap(elementOf),
      text: children.flatMap(textOf),
      attributes: Object.entries(
        (node[ATTRIBUTES] as Readonly<Record<string, string>> | undefined) ?? {},
      ).map(([key, raw]) => ({ name: key.slice(ATTRIBUTE_PREFIX.length), raw })),
    },
  ];
}

function textOf(node: LibraryNode): XmlElement['text'] {
  const name = tagOf(node);
  if (name === TEXT) return [{ raw: String(node[TEXT]), isLiteral: false }];
  if (name === CDATA)
    return nodesIn(node[CDATA]).map((piece) => ({ raw: String(piece[TEXT]), isLiteral: true }));
  return [];
}
