import type { SourceNode, TreeReading } from './source-node.ts';

const MAX_DEPTH = 3;

/**
 * The part of a document at a path such as `data.items`: a list of records, or one. A document without it stays as it is, so that a
 * single record without its wrapper is read by the same mapping.
 */
export function recordsAt(tree: TreeReading, path: string | null): TreeReading {
  if (!tree.ok || path === null) return tree;
  let node: SourceNode | undefined = tree.root;
  for (const key of path.split('.')) {
    if (node?.kind !== 'map') return tree;
    node = node.entries.find((entry) => entry.key.trim() === key)?.value;
  }
  return node === undefined || node.kind === 'text' ? tree : { ok: true, root: node };
}

/**
 * Where a document that is not a list itself holds its list of records: the longest list of named values within three
 * levels, of equal ones the first and outermost. Null where the document holds none, or seems to be a record with a list of its own: as
 * many plain values beside the list as a record has.
 */
export function findRecordList(tree: TreeReading): string | null {
  if (!tree.ok || tree.root.kind !== 'map') return null;
  let best: { path: string; length: number } | null = null;
  const visit = (node: SourceNode, path: readonly string[]): void => {
    if (node.kind !== 'map' || path.length >= MAX_DEPTH) return;
    for (const { key, value } of node.entries) {
      if (value.kind === 'text') continue;
      const here = [...path, key.trim()];
      if (isListOfRecords(value)) {
        if (best === null || value.items.length > best.length)
          best = { path: here.join('.'), length: value.items.length };
      } else if (!key.includes('.')) visit(value, here);
    }
  };
  visit(tree.root, []);
  const found = best as { path: string } | null;
  if (found === null) return null;
  const plain = tree.root.entries.filter(({ value }) => value.kind === 'text').length;
  return plain > MAX_PLAIN_VALUES ? null : found.path;
}

/** Pages, counts and links stand beside a list of records. */
const MAX_PLAIN_VALUES = 5;

const isListOfRecords = (node: SourceNode): node is Extract<SourceNode, { kind: 'list' }> =>
  node.kind === 'list' && node.items.length > 0 && node.items.every((item) => item.kind === 'map');
