import { type MetadataLimits, SOURCE_CHARACTERS_PER_BYTE } from '../limits.ts';
import { quoteKey } from '../text/wording.ts';
import { type Fault, fault } from '../tree/source-node.ts';
import { endOfName, REFUSED_NAMES } from './xml-names.ts';

/** An XML text as the library may see it: elements, text and CDATA, nothing else. */
export interface PlainXml {
  readonly ok: true;
  readonly text: string;
  /** Every element's start tag, in order: what the library must find, too. */
  readonly starts: readonly StartTag[];
}

export interface StartTag {
  readonly name: string;
  /** In the source. */
  readonly offset: number;
  readonly attributes: number;
}

interface XmlScan {
  readonly text: string;
  readonly limits: MetadataLimits;
  position: number;
  /** Names of the elements that are open, outermost first. */
  readonly open: string[];
  /** Elements without children, the root aside, and attributes. */
  fields: number;
  /** CDATA sections. */
  sections: number;
  /** Characters of text since the last tag. */
  textLength: number;
  /** Whether nothing but text has come since the last start tag. */
  isInLeaf: boolean;
  hasRoot: boolean;
  /** What the library is not shown: comments and instructions, in order. */
  readonly starts: StartTag[];
  readonly cuts: { readonly from: number; readonly to: number }[];
}

const OUTSIDE_ROOT = 'Expected nothing but markup outside the root element.';
const DECLARATION = 'Document types and entity declarations are refused: send the XML without them.';
const CUT_SHORT = 'the XML is cut short.';

const SPACES = /[ \t\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML has none of them
const NO_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const XML_DECLARATION =
  /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.\d+"|'1\.\d+')(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"[A-Za-z][\w.:-]*"|'[A-Za-z][\w.:-]*'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>/;

/**
 * One linear pass over the markup, before the XML library sees the text: it refuses what is not well-formed, document
 * types and entity declarations, and what is nested deeper, longer or has more fields than the limits. What passes
 * comes out without comments and processing instructions, in whose text the library looks for quotes and tags.
 * References are still unchecked. Source: case 19, case 75.
 */
export function scanXml(text: string, limits: MetadataLimits): PlainXml | { ok: false; fault: Fault } {
  const scan: XmlScan = {
    text,
    limits,
    position: 0,
    open: [],
    fields: 0,
    sections: 0,
    textLength: 0,
    isInLeaf: false,
    hasRoot: false,
    starts: [],
    cuts: [],
  };
  const odd = text.search(NO_CHARACTER);
  if (odd !== -1) return fault(odd, 'Expected a character that XML allows, found a control character.');
  while (scan.position < text.length) {
    const problem = scanText(scan) ?? (scan.position < text.length ? scanMarkup(scan) : null);
    if (problem !== null) return { ok: false, fault: problem };
  }
  const name = scan.open.at(-1);
  if (name !== undefined)
    return fault(text.length, `Expected the closing tag of ${quoteKey(name)}: ${CUT_SHORT}`);
  return scan.hasRoot ? withoutCuts(scan) : fault(0, 'Expected a root element.');
}

function withoutCuts({ text, cuts, starts }: XmlScan): PlainXml {
  if (cuts.length === 0) return { ok: true, text, starts };
  const kept: string[] = [];
  let last = 0;
  for (const { from, to } of cuts) {
    kept.push(text.slice(last, from));
    last = to;
  }
  kept.push(text.slice(last));
  return { ok: true, text: kept.join(''), starts };
}

const at = (offset: number, message: string): Fault => ({ offset, message });

/** The most characters that one text or one tag may have. */
const maxLength = (limits: MetadataLimits): number => limits.valueBytes * SOURCE_CHARACTERS_PER_BYTE;

function scanText(scan: XmlScan): Fault | null {
  const { text, position: start } = scan;
  const next = text.indexOf('<', start);
  const end = next === -1 ? text.length : next;
  if (end === start) return null;
  scan.position = end;
  scan.textLength += end - start;
  const tooLong = checkText(scan, start);
  if (tooLong !== null) return tooLong;
  if (scan.open.length > 0) {
    const close = text.indexOf(']]>', start);
    return close !== -1 && close < end ? at(close, 'Expected `]]&gt;` for `]]>` in a text.') : null;
  }
  const space = skipSpaces(text, start);
  return space < end ? at(space, OUTSIDE_ROOT) : null;
}

function scanMarkup(scan: XmlScan): Fault | null {
  const { text, position, limits } = scan;
  const second = text.charCodeAt(position + 1);
  if (second === QUESTION) return scanInstruction(scan);
  if (second === EXCLAMATION) {
    if (text.startsWith('<!--', position)) return scanComment(scan);
    if (!text.startsWith('<![CDATA[', position)) return at(position, DECLARATION);
    if (scan.open.length === 0) return at(position, OUTSIDE_ROOT);
    scan.sections += 1;
    return scan.sections > limits.fieldsPerRecord
      ? at(position, `The XML has more than ${limits.fieldsPerRecord} CDATA sections.`)
      : skipSection(scan, ']]>', 9);
  }
  scan.textLength = 0;
  return second === SLASH ? scanEndTag(scan) : scanStartTag(scan);
}

const EXCLAMATION = 0x21;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const QUESTION = 0x3f;

function scanComment(scan: XmlScan): Fault | null {
  const start = scan.position;
  const problem = skipSection(scan, '-->', 4);
  if (problem !== null) return problem;
  scan.cuts.push({ from: start, to: scan.position });
  const dashes = scan.text.indexOf('--', start + 4);
  return dashes < scan.position - 3 ? at(dashes, 'Expected no `--` inside a comment.') : null;
}

function scanInstruction(scan: XmlScan): Fault | null {
  const { text, position: start } = scan;
  const nameEnd = endOfName(text, start + 2);
  if (nameEnd === start + 2) return at(start, 'Expected a name after `<?`.');
  const problem = skipSection(scan, '?>', nameEnd - start);
  if (problem !== null) return problem;
  scan.cuts.push({ from: start, to: scan.position });
  const isDeclaration = text.slice(start + 2, nameEnd).toLowerCase() === 'xml';
  if (isDeclaration) {
    if (start > 0) return at(start, 'Expected the XML declaration at the very beginning of the file.');
    const isValid = XML_DECLARATION.exec(text.slice(0, scan.position))?.[0].length === scan.position;
    return isValid ? null : at(start, 'Expected an XML declaration such as `<?xml version="1.0"?>`.');
  }
  const isParted = nameEnd === scan.position - 2 || skipSpaces(text, nameEnd) > nameEnd;
  return isParted ? null : at(nameEnd, 'Expected a space after the name of the instruction.');
}

/** A comment, instruction or CDATA section counts as text: libraries read it character by character. */
function skipSection(scan: XmlScan, closing: string, openingLength: number): Fault | null {
  const start = scan.position;
  const end = scan.text.indexOf(closing, start + openingLength);
  if (end === -1) return at(start, `Expected \`${closing}\` after this: ${CUT_SHORT}`);
  scan.position = end + closing.length;
  scan.textLength += scan.position - start;
  return checkText(scan, start);
}

function checkText({ textLength, limits }: XmlScan, start: number): Fault | null {
  return textLength > maxLength(limits) ? at(start, `A text is over ${limits.valueBytes} bytes.`) : null;
}

function scanEndTag(scan: XmlScan): Fault | null {
  const { text, position: start } = scan;
  const name = scan.open.pop();
  if (name === undefined) return at(start, 'Expected no closing tag here: its element was never opened.');
  const nameEnd = start + 2 + name.length;
  const isSame = text.startsWith(name, start + 2) && endOfName(text, start + 2) === nameEnd;
  if (!isSame) return at(start, `Expected the closing tag of ${quoteKey(name)}.`);
  const end = skipSpaces(text, nameEnd);
  if (text.charCodeAt(end) !== GREATER)
    return at(start, `Expected \`>\` at the end of this tag: ${CUT_SHORT}`);
  if (scan.isInLeaf && scan.open.length > 0) scan.fields += 1;
  scan.isInLeaf = false;
  scan.position = end + 1;
  return checkTag(scan, start);
}

function scanStartTag(scan: XmlScan): Fault | null {
  const { text, limits, position: start } = scan;
  if (scan.open.length === 0 && scan.hasRoot) return at(start, 'Expected one root element, found a second.');
  if (scan.open.length >= limits.depth)
    return at(start, `Elements are nested more than ${limits.depth} levels deep.`);
  const nameEnd = endOfName(text, start + 1);
  if (nameEnd === start + 1)
    return at(start, 'Expected a name after `<`: a `<` in a text is written `&lt;`.');
  const name = text.slice(start + 1, nameEnd);
  const before = scan.fields;
  const refused = checkName(name, start) ?? scanAttributes(scan, nameEnd);
  if (refused !== null) return refused;
  const isEmptyElement = text.charCodeAt(scan.position) === SLASH;
  const end = isEmptyElement ? scan.position + 1 : scan.position;
  if (text.charCodeAt(end) !== GREATER)
    return at(Math.min(end, text.length), `Expected \`>\` at the end of the tag of ${quoteKey(name)}.`);
  scan.starts.push({ name, offset: start, attributes: scan.fields - before });
  if (!isEmptyElement) scan.open.push(name);
  else if (scan.open.length > 0) scan.fields += 1;
  scan.isInLeaf = !isEmptyElement;
  scan.hasRoot = true;
  scan.position = end + 1;
  return checkTag(scan, start);
}

function scanAttributes(scan: XmlScan, from: number): Fault | null {
  const { text } = scan;
  let seen: Set<string> | null = null;
  for (let position = from; ; ) {
    const start = skipSpaces(text, position);
    const code = text.charCodeAt(start);
    if (code === GREATER || code === SLASH || start === text.length) {
      scan.position = start;
      return null;
    }
    if (start === position) return at(start, 'Expected a space before an attribute, or `>`.');
    const nameEnd = endOfName(text, start);
    if (nameEnd === start)
      return at(start, 'Expected the name of an attribute, or `>` at the end of the tag.');
    const name = text.slice(start, nameEnd);
    const equals = skipSpaces(text, nameEnd);
    const open = skipSpaces(text, equals + 1);
    const quote = text[open];
    if (text.charCodeAt(equals) !== EQUALS || (quote !== '"' && quote !== "'"))
      return at(start, `Expected the attribute ${quoteKey(name)} to have a value in quotes.`);
    const close = text.indexOf(quote, open + 1);
    if (close === -1) return at(open, `Expected a closing quote in this tag: ${CUT_SHORT}`);
    const less = text.indexOf('<', open + 1);
    if (less !== -1 && less < close) return at(less, 'Expected `&lt;` for `<` in an attribute.');
    seen ??= new Set();
    if (seen.has(name)) return at(start, `Duplicate attribute ${quoteKey(name)}: keep one of them.`);
    const refused = checkName(name, start);
    if (refused !== null) return refused;
    seen.add(name);
    scan.fields += 1;
    if (scan.fields > scan.limits.fieldsPerRecord) return checkTag(scan, start);
    position = close + 1;
  }
}

const checkName = (name: string, offset: number): Fault | null =>
  REFUSED_NAMES.has(name) ? at(offset, `The name ${quoteKey(name)} is refused: rename it.`) : null;

function checkTag({ fields, position, limits }: XmlScan, start: number): Fault | null {
  if (fields > limits.fieldsPerRecord)
    return at(start, `The metadata has more than ${limits.fieldsPerRecord} fields.`);
  return position - start > maxLength(limits) ? at(start, `A tag is over ${limits.valueBytes} bytes.`) : null;
}

function skipSpaces(text: string, from: number): number {
  SPACES.lastIndex = from;
  SPACES.test(text);
  return SPACES.lastIndex;
}
