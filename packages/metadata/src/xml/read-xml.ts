import type { MetadataLimits } from '../limits.ts';
import { fault, type TreeReading } from '../tree/source-node.ts';
import { parseElements } from './parse-elements.ts';
import { scanXml } from './scan-xml.ts';
import { treeOfElements } from './tree-of-elements.ts';

/**
 * An XML text, its line ends LF, as a tree: the root is the record, its attributes and children are the fields.
 * Values stay as written but for references and CDATA, which are resolved. Attributes of XML itself, of namespaces and of
 * XML Schema are markup and no fields. Source: case 19, case 70, case 75.
 */
export function readXml(text: string, limits: MetadataLimits): TreeReading {
  const plain = scanXml(text, limits);
  if (!plain.ok) return plain;
  const parsed = parseElements(plain, limits.depth);
  return 'problem' in parsed ? fault(0, parsed.problem) : treeOfElements(parsed);
}
