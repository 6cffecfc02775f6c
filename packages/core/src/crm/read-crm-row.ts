import { type Issue, issue } from '../issue.ts';
import { isEmptyText, isNamingTarget, isNoValue } from '../mapping/empty-words.ts';
import type { FieldMapping, FieldValue } from '../mapping/field-mapping.ts';
import {
  type FindSource,
  gatherText,
  isConstant,
  labelOf,
  namesOf,
  termsOf,
} from '../mapping/field-source.ts';
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

/** Reads one value of a row. */
interface CellReader {
  readonly textIn: (cells: readonly string[]) => string;
  /** The columns, for whoever has to correct the value. */
  readonly at: string;
  readonly indexes: readonly number[];
}

interface Column extends CellReader {
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
  const isNothing = (text: string): boolean => isNoValue(text, mapping.options.emptyWords);
  const readerOf = (field: FieldMapping) => makeCellReader(columns, find, field, isNothing);
  const idField = required.find((field) => field.target === EXTERNAL_ID)!;
  const idCell = readerOf(idField);
  const kept = columnsToKeep(columns, mapping, readerOf, idCell);
  const references = kept.flatMap(({ field, textIn }) => {
    const referred = field && Object.hasOwn(CRM_REFERENCES, field.target) ? field.target : null;
    if (referred === null) return [];
    return [
      { field: referred, textIn, type: CRM_REFERENCES[referred as keyof typeof CRM_REFERENCES] as CrmType },
    ];
  });

  /** An id in its one form; '' where the cell is empty or holds a word for that. */
  const idIn = (cell: string, target: string): string => {
    const id = canonicalExternalId(cell);
    return isEmptyText(id, { type: 'id', target }, mapping.options.emptyWords) ? '' : id;
  };

  return {
    references: references.map(({ field, type: to }) => ({ field, type: to })),
    read(cells) {
      const externalId = idIn(idCell.textIn(cells), EXTERNAL_ID);
      if (externalId === '') return issue('METADATA_INVALID', 'The row has no id.', idCell.at);
      if (externalId.length > MAX_ID_CHARS || CONTROL.test(externalId))
        return issue(
          'METADATA_INVALID',
          `An id is one line of at most ${MAX_ID_CHARS} characters.`,
          idCell.at,
        );
      let json = '{';
      let warnings = NO_WARNINGS;
      for (const { textIn, at, key, field, isPlain } of kept) {
        const text = textIn(cells);
        if (json.length > 1) json += ',';
        if (isPlain) {
          json += text === '' || text.trim() === '' ? `${key}null` : key + textOf(text);
          continue;
        }
        const read = readValue(text, field!, values, at);
        if (read.issues.length > 0) return read.issues[0]!;
        if (read.warnings.length > 0) warnings = [...warnings, ...read.warnings];
        if (field?.required === true && read.value === null)
          return issue('METADATA_INVALID', `The required field ${field.target} is empty.`, at);
        json += key + jsonOf(read.value);
      }
      return {
        externalId,
        json: `${json}}`,
        references: references.map(({ textIn, field }) => idIn(textIn(cells), field) || null),
        warnings,
      };
    },
  };
}

const jsonOf = (value: FieldValue): string => (typeof value === 'string' ? textOf(value) : String(value));

function makeCellReader(
  columns: readonly string[],
  find: FindSource,
  field: FieldMapping,
  isNothing: (text: string) => boolean,
): CellReader {
  const byName = new Map(columns.map((name, index) => [name, index]));
  const found = namesOf(field.source).map((name) => find(name));
  const indexes = found.flatMap((name) => (name === null ? [] : [byName.get(name)!]));
  const at = labelOf(field.source);
  if (typeof field.source === 'string') return { ...cellOf(indexes[0] ?? -1, at), indexes };
  const textIn = (cells: readonly string[]): string => {
    const cell = (name: string): string => cells[byName.get(name)!] ?? '';
    return gatherText(field.source, find, cell, isNothing, isNothing)?.text ?? '';
  };
  return { textIn, at, indexes };
}

const cellOf = (index: number, at: string): CellReader => ({
  textIn: (cells) => cells[index] ?? '',
  at,
  indexes: [index],
});

/** Every column but the id's, sorted by the name its value is kept under. */
function columnsToKeep(
  columns: readonly string[],
  mapping: CrmMapping,
  readerOf: (field: FieldMapping) => CellReader,
  id: CellReader,
): Column[] {
  const targets = new Set(mapping.fields.map((field) => field.target));
  const mapped = mapping.fields
    .filter((field) => field.target !== EXTERNAL_ID)
    .map((field): [CellReader, string, FieldMapping | null] => [readerOf(field), field.target, field])
    .filter(([{ indexes }, , field]) => indexes.length > 0 || termsOf(field!.source).some(isConstant));
  const consumed = new Set([...id.indexes, ...mapped.flatMap(([{ indexes }]) => indexes)]);
  const unmapped = columns
    .map((name, index): [CellReader, string, null] => [
      cellOf(index, name),
      targets.has(name) ? `source.${name}` : name,
      null,
    ])
    .filter(([{ indexes }]) => !consumed.has(indexes[0]!));
  const isPlain = (field: FieldMapping | null): boolean =>
    field === null ||
    (field.type === 'string' &&
      field.required !== true &&
      mapping.options.emptyWords === undefined &&
      !isNamingTarget(field.target));
  return [...mapped, ...unmapped]
    .map(([reader, name, field]) => ({
      ...reader,
      name,
      field,
      key: `${JSON.stringify(name)}:`,
      isPlain: isPlain(field),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
