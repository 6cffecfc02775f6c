import { type Issue, issue } from '../issue.ts';
import type { FieldMapping, FieldValue } from '../mapping/field-mapping.ts';
import { readValue, type ValueContext } from '../mapping/read-value.ts';
import { checkColumns, sourceFinder } from '../mapping/source-fields.ts';
import { type CrmMapping, EXTERNAL_ID } from './crm-mapping.ts';
import { CRM_REFERENCES, type CrmType } from './crm-types.ts';
import { canonicalExternalId } from './external-id.ts';

/** A row as an object of the CRM. */
export interface CrmRow {
  readonly externalId: string;
  /** The fields as one JSON text, always in the same order, so that equal texts mean equal fields. */
  readonly json: string;
  /** Canonical ids in the order of `CrmRowReader.references`; null where the cell is empty. */
  readonly references: readonly (string | null)[];
  readonly warnings: readonly Issue[];
}

export interface CrmRowReader {
  /** The references that this file's columns can hold. */
  readonly references: readonly { readonly field: string; readonly type: CrmType }[];
  /** The object that a row's cells describe, or why there is none. */
  read(cells: readonly string[]): CrmRow | Issue;
}

export const isIssue = (row: CrmRow | Issue): row is Issue => 'code' in row;

const MAX_ID_CHARS = 255;
const NO_WARNINGS: readonly Issue[] = [];
// biome-ignore lint/suspicious/noControlCharactersInRegex: an id with a line end in it is a broken row
const CONTROL = /[\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that JSON escapes
const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;

interface Column {
  readonly index: number;
  readonly name: string;
  /** `"name":`, as written in the JSON. */
  readonly key: string;
  readonly field: FieldMapping | null;
  /** A string that has no word for "no value": it needs no reader. */
  readonly isPlain: boolean;
}

const textOf = (value: string): string => (NEEDS_ESCAPE.test(value) ? JSON.stringify(value) : `"${value}"`);

/**
 * A reader of the rows below one header, or what the header lacks: SCHEMA_DRIFT for the id and every other required
 * column. A column that the mapping names and does not require may be absent: what the object has there stays. Empty
 * cells are null, which clears. Unmapped columns are kept as strings, under `source.<name>` where a target hides them.
 * Source: C25, case 69, case 86.
 */
export function makeCrmRowReader(
  columns: readonly string[],
  type: CrmType,
  mapping: CrmMapping,
  context: Pick<ValueContext, 'timeZone' | 'receivedAtMs'>,
): CrmRowReader | readonly Issue[] {
  const required = mapping.fields.filter((field) => field.required === true || field.target === EXTERNAL_ID);
  const drift = checkColumns(columns, required);
  if (!required.some((field) => field.target === EXTERNAL_ID))
    return [issue('SCHEMA_DRIFT', `The field mapping of ${type} names no column for ${EXTERNAL_ID}.`)];
  if (drift.length > 0) return drift;

  const values: ValueContext = {
    ...context,
    defaultCountry: mapping.options.defaultCountry,
    emptyWords: mapping.options.emptyWords,
    enumAliases: undefined,
  };
  const find = sourceFinder(columns, mapping.fields);
  const indexOf = (field: FieldMapping): number => columns.indexOf(find(field.source) ?? '\0');
  const idField = required.find((field) => field.target === EXTERNAL_ID)!;
  const idIndex = indexOf(idField);
  const kept = columnsToKeep(columns, mapping, indexOf, idIndex);
  const references = kept.flatMap(({ field, index }) => {
    const referred = field && Object.hasOwn(CRM_REFERENCES, field.target) ? field.target : null;
    if (referred === null) return [];
    return [
      { field: referred, index, type: CRM_REFERENCES[referred as keyof typeof CRM_REFERENCES] as CrmType },
    ];
  });

  return {
    references: references.map(({ field, type: to }) => ({ field, type: to })),
    read(cells) {
      const externalId = canonicalExternalId(cells[idIndex] ?? '');
      if (externalId === '') return issue('METADATA_INVALID', 'The row has no id.', idField.source);
      if (externalId.length > MAX_ID_CHARS || CONTROL.test(externalId))
        return issue(
          'METADATA_INVALID',
          `An id is one line of at most ${MAX_ID_CHARS} characters.`,
          idField.source,
        );
      let json = '{';
      let warnings = NO_WARNINGS;
      for (const { index, key, field, isPlain } of kept) {
        const text = cells[index] ?? '';
        if (json.length > 1) json += ',';
        if (isPlain) {
          json += text === '' || text.trim() === '' ? `${key}null` : key + textOf(text);
          continue;
        }
        const read = readValue(text, field!, values);
        if (read.issues.length > 0) return read.issues[0]!;
        if (read.warnings.length > 0) warnings = [...warnings, ...read.warnings];
        if (field?.required === true && read.value === null)
          return issue('METADATA_INVALID', `The required field ${field.target} is empty.`, field.source);
        json += key + jsonOf(read.value);
      }
      return {
        externalId,
        json: `${json}}`,
        references: references.map(({ index }) => canonicalExternalId(cells[index] ?? '') || null),
        warnings,
      };
    },
  };
}

const jsonOf = (value: FieldValue): string => (typeof value === 'string' ? textOf(value) : String(value));

/** Every column but the id's, sorted by the name its value is kept under. */
function columnsToKeep(
  columns: readonly string[],
  mapping: CrmMapping,
  indexOf: (field: FieldMapping) => number,
  idIndex: number,
): Column[] {
  const targets = new Set(mapping.fields.map((field) => field.target));
  const mapped = mapping.fields
    .filter((field) => field.target !== EXTERNAL_ID)
    .map((field): [number, string, FieldMapping | null] => [indexOf(field), field.target, field])
    .filter(([index]) => index !== -1);
  const consumed = new Set([idIndex, ...mapped.map(([index]) => index)]);
  const unmapped = columns
    .map((name, index): [number, string, null] => [index, targets.has(name) ? `source.${name}` : name, null])
    .filter(([index]) => !consumed.has(index));
  const isPlain = (field: FieldMapping | null): boolean =>
    field === null ||
    (field.type === 'string' && field.required !== true && mapping.options.emptyWords === undefined);
  return [...mapped, ...unmapped]
    .map(([index, name, field]) => ({
      index,
      name,
      field,
      key: `${JSON.stringify(name)}:`,
      isPlain: isPlain(field),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
