import type { RawRecord } from '@callbay/core';
import type { IssueList } from '../issue-list.ts';
import type { MetadataLimits } from '../limits.ts';
import { bytesOf, isLongerThan } from '../text/byte-length.ts';
import type { Locator } from '../text/locator.ts';
import { trimKey } from '../text/trim-key.ts';
import { overRecordLimit, quoteKey } from '../text/wording.ts';
import type { SourceEntry, SourceMap, SourceNode } from './source-node.ts';

/** What the records of one file share. */
export interface FlattenContext {
  readonly limits: MetadataLimits;
  readonly locator: Locator;
  readonly issues: IssueList;
  readonly warnings: IssueList;
  /** Untrimmed keys that were warned of: once a file is enough. */
  readonly trimmedKeys: Set<string>;
  /** Fields that the file may still have. */
  fieldsLeft: number;
}

/**
 * One record with its nested values under flattened paths: `a.b`, `a[0].b`, `a@attribute`, an empty map or list as ''.
 * Whether a nested value is welcome is not decided here. Keys come out trimmed, values untouched.
 * Issues: METADATA_INVALID for a key that is empty, `__proto__`, twice there or too long, for two values of one path,
 * for a value that is too long or no text, and past a limit; ROW_TOO_LARGE for a record of too many bytes. Warning:
 * KEY_TRIMMED. Source: case 71, case 74, case 75, case 116.
 *
 * Invariant: every step towards a value ends in a field or in an issue, and both are bounded, so that shared nodes
 * (YAML aliases) cannot make the walk long.
 */
export function flattenRecord(record: SourceMap, context: FlattenContext): RawRecord {
  const { limits, locator, issues } = context;
  // No key is `__proto__`, and only own properties are asked for.
  const fields: Record<string, string> = {};
  let size = 0;
  const nestedPaths: string[] = [];
  let isStopped = false;
  let units = 0;
  /** Counted only once the record is so long that it matters; null before. */
  let bytes: number | null = null;

  /** Counts a field, and answers whether the record has more bytes with it than it may. */
  const isOverLimit = (path: string, text: string): boolean => {
    units += path.length + text.length;
    // A UTF-16 unit takes three bytes at most.
    if (units * 3 <= limits.recordBytes) return false;
    bytes ??= bytesOf(Object.entries(fields).flat());
    bytes += bytesOf([path, text]);
    return bytes > limits.recordBytes;
  };

  const refuse = (offset: number, message: string): void => {
    issues.add('METADATA_INVALID', message, locator.place(offset));
    isStopped ||= issues.isOverfull();
  };

  const addField = (path: string, text: string, offset: number, isNested: boolean): void => {
    if (size === limits.fieldsPerRecord || context.fieldsLeft === 0) {
      refuse(offset, `The metadata has more than ${size} fields.`);
      isStopped = true;
    } else if (path.length > limits.keyLength) {
      refuse(offset, `The key ${quoteKey(path)} is longer than ${limits.keyLength} characters.`);
    } else if (Object.hasOwn(fields, path)) {
      refuse(offset, `Two values would both be the field ${quoteKey(path)}: rename one key.`);
    } else if (isLongerThan(text, limits.valueBytes)) {
      refuse(offset, `The value of ${quoteKey(path)} is over ${limits.valueBytes} bytes.`);
    } else if (text.includes('\0') || !text.isWellFormed()) {
      refuse(offset, `The value of ${quoteKey(path)} holds a NUL or half a character.`);
    } else if (isOverLimit(path, text)) {
      issues.add('ROW_TOO_LARGE', overRecordLimit(limits), locator.place(record.offset));
      isStopped = true;
    } else {
      fields[path] = text;
      size += 1;
      context.fieldsLeft -= 1;
      if (isNested) nestedPaths.push(path);
    }
  };

  /** `depth` is 1 for the record itself, so 2 for its flat fields. */
  const addNode = (node: SourceNode, path: string, depth: number): void => {
    if (isStopped) return;
    if (node.kind !== 'text' && depth > limits.depth) {
      refuse(node.offset, `Values are nested more than ${limits.depth} levels deep.`);
      return;
    }
    switch (node.kind) {
      case 'text':
        addField(path, node.text, node.offset, depth > 2);
        break;
      case 'map':
        if (node.entries.length === 0) addField(path, '', node.offset, true);
        addEntries(node.entries, `${path}.`, depth);
        break;
      case 'list':
        if (node.items.length === 0) addField(path, '', node.offset, true);
        for (const [index, item] of node.items.entries()) addNode(item, `${path}[${index}]`, depth + 1);
        break;
      default:
        node satisfies never;
    }
    if (node.kind !== 'list' && node.attributes !== undefined) addEntries(node.attributes, `${path}@`, depth);
  };

  const addEntries = (entries: readonly SourceEntry[], prefix: string, depth: number): void => {
    // A value that is text is found by its path; what holds others has none of its own.
    let holders: Set<string> | null = null;
    for (let index = 0; index < entries.length; index += 1) {
      if (isStopped) return;
      const entry = entries[index]!;
      const key = trimKey(entry.key);
      if (key.length > limits.keyLength) {
        refuse(entry.offset, `The key ${quoteKey(key)} is longer than ${limits.keyLength} characters.`);
        continue;
      }
      const path = prefix === '' ? key : prefix + key;
      const isRepeated =
        holders?.has(key) || (Object.hasOwn(fields, path) && entries.slice(0, index).some(isKeyed(key)));
      const complaint = isRepeated ? sayTwice(key) : complainOfKey(key);
      if (complaint !== null) {
        refuse(entry.offset, complaint);
        continue;
      }
      if (entry.value.kind !== 'text') {
        holders ??= new Set();
        holders.add(key);
      }
      if (key !== entry.key) warnOfTrimming(entry, key, context);
      addNode(entry.value, path, depth + 1);
    }
  };

  addEntries(record.entries, '', 1);
  if (record.entries.length === 0) refuse(record.offset, 'The metadata holds no field.');
  return { fields, nestedPaths, at: locator.line(record.offset) };
}

const isKeyed =
  (key: string) =>
  (entry: SourceEntry): boolean =>
    trimKey(entry.key) === key;

const sayTwice = (key: string): string => `Duplicate key ${quoteKey(key)}: keep one of them.`;

function complainOfKey(key: string): string | null {
  if (key === '') return 'A key is empty: give it a name.';
  if (key === '__proto__') return 'The key "__proto__" is refused: rename it.';
  if (key.includes('\0') || !key.isWellFormed())
    return `The key ${quoteKey(key)} holds a NUL or half a character.`;
  return null;
}

function warnOfTrimming(entry: SourceEntry, key: string, context: FlattenContext): void {
  if (context.trimmedKeys.has(entry.key)) return;
  context.trimmedKeys.add(entry.key);
  context.warnings.add(
    'KEY_TRIMMED',
    `White space around the key ${quoteKey(key)} was removed.`,
    context.locator.place(entry.offset),
  );
}
