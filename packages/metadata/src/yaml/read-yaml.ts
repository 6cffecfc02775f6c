import { Composer, type Document } from 'yaml';
import type { MetadataLimits } from '../limits.ts';
import { fault, type TreeReading } from '../tree/source-node.ts';
import { parseTokens } from './parse-tokens.ts';
import { treeOfDocument } from './tree-of-document.ts';
import { YAML_SENTENCES } from './yaml-sentences.ts';

/**
 * A YAML text of one document as a tree of its source strings: no number, date or boolean is recognised, also where a
 * tag or `%YAML 1.1` asks for one; a plain `null`, `~` or nothing is ''. Keys that are there twice are found by whoever
 * walks the tree, in linear time, which the library's own check is not. Source: case 70, case 72, case 75.
 */
export function readYaml(text: string, limits: MetadataLimits): TreeReading {
  const parsed = parseTokens(text, limits);
  if (!parsed.ok) return parsed;
  const composer = new Composer({
    schema: 'failsafe',
    resolveKnownTags: false,
    merge: false,
    uniqueKeys: false,
    strict: true,
    prettyErrors: false,
  });
  let first: Document.Parsed | null = null;
  for (const document of composer.compose(parsed.tokens, true, text.length)) {
    if (first !== null) return fault(document.range[0], YAML_SENTENCES.MULTIPLE_DOCS);
    first = document;
  }
  const [error] = first?.errors ?? [];
  if (error !== undefined) return fault(error.pos[0], YAML_SENTENCES[error.code]);
  if (first === null || first.contents === null)
    return fault(0, 'Expected a set of named values, found none.');
  return treeOfDocument(first.contents, limits);
}
