import { type Issue, issue } from '../issue.ts';
import type { FieldMapping } from './field-mapping.ts';

/** Finds the source field that a mapping row means. */
export type FindSource = (source: string) => string | null;

/**
 * Names are compared exactly after trimming; failing that in lower case, if just one name fits and no other row
 * of the mapping names that one exactly.
 */
export function sourceFinder(names: readonly string[], fields: readonly FieldMapping[]): FindSource {
  const exact = new Map<string, string>();
  const folded = new Map<string, string[]>();
  const mapped = new Set(fields.map((field) => field.source.trim()));
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

/** SCHEMA_DRIFT for each mapped source, optional or not, that cannot be found. Source: E7. */
export function findDrift(findSource: FindSource, fields: readonly FieldMapping[]): Issue[] {
  const absent = fields.filter((field) => findSource(field.source) === null).map((field) => field.source);
  return [...new Set(absent)].map((source) =>
    issue('SCHEMA_DRIFT', `The field mapping names the column "${source}", which the file lacks.`, source),
  );
}

/**
 * What a CSV's header lacks, as SCHEMA_DRIFT at the column: asked once for a whole file. Other columns and
 * their order do not matter. Source: E7.
 */
export function checkColumns(columns: readonly string[], fields: readonly FieldMapping[]): Issue[] {
  return findDrift(sourceFinder(columns, fields), fields);
}
