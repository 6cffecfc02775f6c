import { XMLValidator } from 'fast-xml-parser';
import type { MetadataLimits } from '../limits.ts';
import { fault, type TreeReading } from '../tree/source-node.ts';
import { checkDeclaredEncoding } from './declared-encoding.ts';
import { parseElements } from './parse-elements.ts';
import { scanXml } from './scan-xml.ts';
import { treeOfElements } from './tree-of-elements.ts';

/** Characters of the validator's sentence that a message repeats: it may quote a tag of any length. */
const VALIDATOR_EXCERPT = 120;

/**
 * An XML text, its line ends LF, as a tree: the root is the record, its attributes and children are the fields.
 * Values stay as written but for references and CDATA, which are resolved. `xmlns`, `xsi:` and `xml:` attributes are
 * markup and no fields. `encoding` is what the bytes were detected to be. Source: case 19, case 70, case 75.
 */
export function readXml(text: string, encoding: string, limits: MetadataLimits): TreeReading {
  const misdeclared = checkDeclaredEncoding(text, encoding);
  if (misdeclared !== null) return fault(0, misdeclared);
  const problem = scanXml(text, limits);
  if (problem !== null) return { ok: false, fault: problem };
  // The parser alone accepts tags that do not match and an end that is missing.
  const validity = XMLValidator.validate(text);
  if (validity !== true) {
    const { line, col, msg } = validity.err;
    return fault(offsetOf(text, line, col), msg.slice(0, VALIDATOR_EXCERPT).toWellFormed());
  }
  const root = parseElements(text, limits.depth);
  return root === null
    ? fault(0, 'The XML holds a name that is refused, such as `__proto__` or `constructor`: rename it.')
    : treeOfElements(root);
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let current = 1; current < line; current += 1) {
    const end = text.indexOf('\n', start);
    if (end === -1) break;
    start = end + 1;
  }
  return start + Math.max(column, 1) - 1;
}
