import type { RawRecord } from '@callbay/core';
import { createIssueList } from '../issue-list.ts';
import type { MetadataLimits } from '../limits.ts';
import type { Reading } from '../reading.ts';
import { createLocator } from '../text/locator.ts';
import { flattenRecord } from './flatten-record.ts';
import type { SourceMap, SourceNode, TreeReading } from './source-node.ts';

/**
 * The records of a file that was read as a tree: its root, or every item of a root list.
 * With any issue there are none, never a part of them. Source: case 19.
 */
export function readRecords(text: string, reading: TreeReading, limits: MetadataLimits): Reading {
  const locator = createLocator(text);
  const issues = createIssueList(limits.issues);
  const warnings = createIssueList(limits.issues);
  const refuse = (offset: number, message: string): void =>
    issues.add('METADATA_INVALID', message, locator.place(offset));

  const roots = reading.ok ? rootsOf(reading.root) : [];
  const records: RawRecord[] = [];
  if (!reading.ok) {
    refuse(reading.fault.offset, reading.fault.message);
  } else if (roots.length === 0) {
    refuse(reading.root.offset, 'The file is an empty list: it must hold one record.');
  } else if (roots.length > limits.records) {
    refuse(reading.root.offset, `The file holds more than ${limits.records} records.`);
  } else {
    const context = {
      limits,
      locator,
      issues,
      warnings,
      trimmedKeys: new Set<string>(),
      fieldsLeft: limits.fieldsPerFile,
    };
    for (const root of roots) {
      if (issues.isOverfull()) break;
      if (isRecord(root)) records.push(flattenRecord(root, context));
      else refuse(root.offset, 'A record must be a set of named values, not a single value or a list.');
    }
  }
  return {
    delimiter: null,
    header: null,
    records: issues.isEmpty() ? records : [],
    issues,
    warnings,
    rowCount: roots.length,
    readableCount: issues.isEmpty() ? records.length : 0,
    strayCount: 0,
  };
}

const rootsOf = (root: SourceNode): readonly SourceNode[] => (root.kind === 'list' ? root.items : [root]);

const isRecord = (node: SourceNode): node is SourceMap => node.kind === 'map';
