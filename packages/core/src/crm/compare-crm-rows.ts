import type { Issue } from '../issue.ts';
import type { FieldValue } from '../mapping/field-mapping.ts';
import type { ValueContext } from '../mapping/read-value.ts';
import { type CrmMapping, EXTERNAL_ID } from './crm-mapping.ts';
import type { CrmType } from './crm-types.ts';
import { isIssue, makeCrmRowReader } from './read-crm-row.ts';

type Fields = Readonly<Record<string, FieldValue>>;

/** What one mapping makes of a row: an object, or why there is none. */
export interface CrmReading {
  readonly externalId: string | null;
  readonly fields: Fields;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/** What a draft would change about one row. `changed` is by field, where both mappings read it. */
export interface ComparedCrmRow {
  readonly change: 'none' | 'changed' | 'rejected' | 'released';
  readonly draft: CrmReading;
  readonly changed: Readonly<Record<string, readonly [FieldValue, FieldValue]>>;
}

const refused = (issues: readonly Issue[]): CrmReading => ({
  externalId: null,
  fields: {},
  warnings: [],
  issues,
});

/** Reads rows below one header by a mapping. Where the header lacks a required column, every row is refused for it. */
function readerBy(
  columns: readonly string[],
  type: CrmType,
  mapping: CrmMapping,
  context: Pick<ValueContext, 'timeZone' | 'receivedAtMs'>,
): (cells: readonly string[]) => CrmReading {
  const reader = makeCrmRowReader(columns, type, mapping, context);
  if (!('read' in reader)) return () => refused(reader);
  return (cells) => {
    const row = reader.read(cells);
    if (isIssue(row)) return refused([row]);
    const { externalId, json, warnings } = row;
    return { externalId, fields: JSON.parse(json) as Fields, issues: [], warnings };
  };
}

/** Reads the rows below one header by the mapping in force and by a draft, and returns the difference. Source: E3, C25. */
export function makeCrmComparison(
  columns: readonly string[],
  type: CrmType,
  { live, draft }: { readonly live: CrmMapping; readonly draft: CrmMapping },
  context: Pick<ValueContext, 'timeZone' | 'receivedAtMs'>,
): (cells: readonly string[]) => ComparedCrmRow {
  const [readLive, readDraft] = [live, draft].map((mapping) => readerBy(columns, type, mapping, context));
  return (cells) => {
    const [before, after] = [readLive!(cells), readDraft!(cells)];
    if (after.issues.length > 0 || before.issues.length > 0) {
      const [was, is] = [before.issues.length > 0, after.issues.length > 0];
      return { change: was === is ? 'none' : is ? 'rejected' : 'released', draft: after, changed: {} };
    }
    const changed = changesBetween(
      { ...before.fields, [EXTERNAL_ID]: before.externalId },
      { ...after.fields, [EXTERNAL_ID]: after.externalId },
    );
    return { change: Object.keys(changed).length > 0 ? 'changed' : 'none', draft: after, changed };
  };
}

/** A field that only one of them has is null in the other. */
function changesBetween(before: Fields, after: Fields): ComparedCrmRow['changed'] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const valueIn = (fields: Fields, name: string): FieldValue =>
    Object.hasOwn(fields, name) ? fields[name]! : null;
  return Object.fromEntries(
    names.flatMap((name) => {
      const [old, now] = [valueIn(before, name), valueIn(after, name)];
      return old === now ? [] : [[name, [old, now] as const]];
    }),
  );
}
