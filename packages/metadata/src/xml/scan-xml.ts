import { type MetadataLimits, SOURCE_CHARACTERS_PER_BYTE } from '../limits.ts';
import type { Fault } from '../tree/source-node.ts';

interface XmlScan {
  readonly text: string;
  readonly limits: MetadataLimits;
  position: number;
  depth: number;
  /** Elements without children, the root aside, and attributes. */
  fields: number;
  /** CDATA sections. */
  sections: number;
  /** Characters of text since the last tag. */
  textLength: number;
  /** Whether nothing but text has come since the last start tag. */
  isInLeaf: boolean;
  hasRoot: boolean;
}

const OUTSIDE_ROOT = 'Expected nothing but markup outside the root element.';
const DECLARATION = 'Document types and entity declarations are refused: send the XML without them.';

/**
 * One linear pass over the tags, before any XML library sees the text: it refuses document types and entity
 * declarations, what is cut short, a second root, text outside the root, and what is nested deeper, longer or has more
 * fields than the limits. Null when there is none of that; names and attributes are then still unchecked.
 * Source: case 19, case 75.
 */
export function scanXml(text: string, limits: MetadataLimits): Fault | null {
  const counts = { depth: 0, fields: 0, sections: 0, textLength: 0 };
  const scan: XmlScan = { text, limits, position: 0, ...counts, isInLeaf: false, hasRoot: false };
  while (scan.position < text.length) {
    const problem = scanText(scan) ?? (scan.position < text.length ? scanMarkup(scan) : null);
    if (problem !== null) return problem;
  }
  if (scan.depth > 0) return at(text.length, 'Expected a closing tag: the XML is cut short.');
  return scan.hasRoot ? null : at(0, 'Expected a root element.');
}

const at = (offset: number, message: string): Fault => ({ offset, message });

/** The most characters that one text or one tag may have. */
const maxLength = (limits: MetadataLimits): number => limits.valueBytes * SOURCE_CHARACTERS_PER_BYTE;

function scanText(scan: XmlScan): Fault | null {
  const { text, position: start } = scan;
  const next = text.indexOf('<', start);
  const end = next === -1 ? text.length : next;
  scan.position = end;
  scan.textLength += end - start;
  if (scan.depth > 0) return checkText(scan, start);
  for (let i = start; i < end; i += 1) {
    if (text.charAt(i).trim() !== '') return at(i, OUTSIDE_ROOT);
  }
  return checkText(scan, start);
}

function scanMarkup(scan: XmlScan): Fault | null {
  const { text, position, limits } = scan;
  if (text.startsWith('<!--', position)) return skipSection(scan, '-->', 4);
  if (text.startsWith('<?', position)) return skipSection(scan, '?>', 2);
  if (text.startsWith('<![CDATA[', position)) {
    if (scan.depth === 0) return at(position, OUTSIDE_ROOT);
    scan.sections += 1;
    const isTooMany = scan.sections > limits.fieldsPerRecord;
    return isTooMany
      ? at(position, `The XML has more than ${limits.fieldsPerRecord} CDATA sections.`)
      : skipSection(scan, ']]>', 9);
  }
  if (text.startsWith('<!', position)) return at(position, DECLARATION);
  scan.textLength = 0;
  return text.startsWith('</', position) ? scanEndTag(scan) : scanStartTag(scan);
}

function skipPast(scan: XmlScan, closing: string, openingLength: number): Fault | null {
  const end = scan.text.indexOf(closing, scan.position + openingLength);
  if (end === -1) return at(scan.position, `Expected \`${closing}\` after this: the XML is cut short.`);
  scan.position = end + closing.length;
  return null;
}

/** A comment, instruction or CDATA section counts as text: the same libraries read it character by character. */
function skipSection(scan: XmlScan, closing: string, openingLength: number): Fault | null {
  const start = scan.position;
  const problem = skipPast(scan, closing, openingLength);
  scan.textLength += scan.position - start;
  return problem ?? checkText(scan, start);
}

function checkText({ textLength, limits }: XmlScan, start: number): Fault | null {
  return textLength > maxLength(limits) ? at(start, `A text is over ${limits.valueBytes} bytes.`) : null;
}

function scanEndTag(scan: XmlScan): Fault | null {
  const start = scan.position;
  if (scan.depth === 0) return at(start, 'Expected no closing tag here: its element was never opened.');
  scan.depth -= 1;
  if (scan.isInLeaf && scan.depth > 0) scan.fields += 1;
  scan.isInLeaf = false;
  return skipPast(scan, '>', 2) ?? checkTag(scan, start);
}

function scanStartTag(scan: XmlScan): Fault | null {
  const { text, limits, position: start } = scan;
  if (scan.depth === 0 && scan.hasRoot) return at(start, 'Expected one root element, found a second.');
  if (scan.depth >= limits.depth)
    return at(start, `Elements are nested more than ${limits.depth} levels deep.`);
  for (let i = start + 1; i < text.length; i += 1) {
    const character = text.charAt(i);
    if (character === '"' || character === "'") {
      i = text.indexOf(character, i + 1);
      if (i === -1) return at(start, 'Expected a closing quote in this tag: the XML is cut short.');
      scan.fields += 1;
    } else if (character === '<') {
      return at(i, 'Expected `>` at the end of the tag before this one.');
    } else if (character === '>') {
      const isEmptyElement = text[i - 1] === '/';
      if (!isEmptyElement) scan.depth += 1;
      else if (scan.depth > 0) scan.fields += 1;
      scan.isInLeaf = !isEmptyElement;
      scan.hasRoot = true;
      scan.position = i + 1;
      return checkTag(scan, start);
    }
  }
  return at(start, 'Expected `>` at the end of this tag: the XML is cut short.');
}

function checkTag({ fields, position, limits }: XmlScan, start: number): Fault | null {
  if (fields > limits.fieldsPerRecord)
    return at(start, `The metadata has more than ${limits.fieldsPerRecord} fields.`);
  return position - start > maxLength(limits) ? at(start, `A tag is over ${limits.valueBytes} bytes.`) : null;
}
