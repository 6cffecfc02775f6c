import { type Issue, issue } from '../issue.ts';
import type { FieldMapping } from './field-mapping.ts';
import { type FindSource, isProvided, labelOf, namesOf } from './field-source.ts';

interface LastFinder {
  readonly names: readonly string[];
  readonly find: FindSource;
}

/** The rows of a file have the same names: the last finder of a mapping serves most of them. */
const lastFinders = new WeakMap<readonly FieldMapping[], LastFinder>();

/**
 * Names are compared exactly after trimming; failing that in lower case, if just one name fits and no other row
 * of the mapping names that one exactly.
 */
export function sourceFinder(
  names: readonly string[],
  fields: readonly FieldMapping[],
  textOf?: (name: string) => string,
): FindSource {
  const find = findNames(names, fields);
  return textOf === undefined ? find : (source) => find(source) ?? findSelected(source, find, textOf);
}

function findNames(names: readonly string[], fields: readonly FieldMapping[]): FindSource {
  const last = lastFinders.get(fields);
  if (last?.names.length === names.length && last.names.every((name, n) => name === names[n]))
    return last.find;
  const find = makeFinder(names, fields);
  lastFinders.set(fields, { names: [...names], find });
  return find;
}

function makeFinder(names: readonly string[], fields: readonly FieldMapping[]): FindSource {
  const exact = new Map<string, string>();
  const folded = new Map<string, string[]>();
  const mapped = new Set(fields.flatMap((field) => namesOf(field.source).map((name) => name.trim())));
  for (const name of names) {
    const trimmed = name.trim();
    if (!exact.has(trimmed)) exact.set(trimmed, name);
    if (mapped.has(trimmed)) continue;
    const key = trimmed.toLowerCase();
    folded.set(key, [...(folded.get(key) ?? []), name]);
  }
  return (source) => {
    const found = exact.get(source.trim());
    if (found !== undefined) return found;
    const near = folded.get(source.trim().toLowerCase()) ?? [];
    return near.length === 1 ? near[0]! : null;
  };
}

const SELECTOR = /^([^[\]]+)\[([^[\]=]+)=([^[\]]*)\](.+)$/;
const MAX_ITEMS = 100;

/**
 * `participants[purpose=agent].userId`: the field of the first item of a list that says so and has it. Systems do not write
 * the parties of a call in one order.
 */
function findSelected(source: string, find: FindSource, textOf: (name: string) => string): string | null {
  const [, list, key, value, rest] = SELECTOR.exec(source.trim()) ?? [];
  if (list === undefined) return null;
  for (let index = 0; index < MAX_ITEMS; index += 1) {
    const said = find(`${list}[${index}].${key}`);
    if (said === null || textOf(said).trim().toLowerCase() !== value?.toLowerCase()) continue;
    const found = find(`${list}[${index}]${rest}`);
    if (found !== null) return found;
  }
  return null;
}

/** SCHEMA_DRIFT for each of these rows whose source cannot be found. Source: E7. */
export function findDrift(findSource: FindSource, fields: readonly FieldMapping[]): Issue[] {
  const absent = fields.filter(({ source }) => !isProvided(source, findSource));
  return [...new Set(absent.map(({ source }) => labelOf(source)))].map((label) =>
    issue('SCHEMA_DRIFT', `The field mapping names the column "${label}", which the file lacks.`, label),
  );
}

/** Rows whose columns a CSV has to have: a field that may be empty may also be absent, as in every other format. */
export const promisedFields = (fields: readonly FieldMapping[]): FieldMapping[] =>
  fields.filter(({ required }) => required === true);

/**
 * What a CSV's header lacks of these rows, as SCHEMA_DRIFT at the column: asked once for a whole file. Other columns and
 * their order do not matter. Source: E7.
 */
export function checkColumns(columns: readonly string[], fields: readonly FieldMapping[]): Issue[] {
  return findDrift(sourceFinder(columns, fields), fields);
}
