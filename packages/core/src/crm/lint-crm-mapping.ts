import type { FieldMapping } from '../mapping/field-mapping.ts';
import { isProvided, labelOf, namesOf } from '../mapping/field-source.ts';
import { sourceFinder } from '../mapping/source-fields.ts';
import type { MappingLint } from '../sampling/lint-mapping.ts';
import { type CrmMapping, EXTERNAL_ID, presetCrmMapping } from './crm-mapping.ts';
import type { CrmType } from './crm-types.ts';

/** One CRM file that came: its header, and how many rows stood below it. */
export interface CrmHeader {
  readonly columns: readonly string[];
  readonly rows: number;
  /** It had more columns than are kept. */
  readonly isCut: boolean;
}

const MAX_LISTED = 500;

/**
 * How the mapping of a type of CRM file and the headers that came fit each other. `seen` counts files, `records` rows.
 * Without a published mapping each file is held against the preset for its own columns. Source: C13, C25.
 */
export function lintCrmMapping(
  type: CrmType,
  published: CrmMapping | null,
  headers: readonly CrmHeader[],
): MappingLint {
  const every = [...new Set(headers.flatMap(({ columns }) => columns))];
  const { fields } = published ?? presetCrmMapping(type, every);
  const unmapped = new Map<string, number>();
  const seen = new Set<FieldMapping>();
  for (const { columns } of headers) {
    const find = sourceFinder(columns, fields);
    for (const field of fields) if (isProvided(field.source, find)) seen.add(field);
    const mapped = new Set(fields.flatMap(({ source }) => namesOf(source).map(find)));
    for (const column of new Set(columns))
      if (!mapped.has(column)) unmapped.set(column, (unmapped.get(column) ?? 0) + 1);
  }
  const isRequired = ({ required, target }: FieldMapping): boolean =>
    required === true || target === EXTERNAL_ID;
  const never = fields.filter((field) => !seen.has(field));
  return {
    records: headers.reduce((sum, { rows }) => sum + rows, 0),
    isCut: unmapped.size > MAX_LISTED || headers.some((header) => header.isCut),
    unmapped: [...unmapped].slice(0, MAX_LISTED).map(([source, files]) => ({ source, seen: files })),
    neverSeen: never.map((field) => ({
      source: labelOf(field.source),
      target: field.target,
      isRequired: isRequired(field),
    })),
    requiredNeverGiven: never
      .filter(isRequired)
      .map(({ source, target }) => ({ source: labelOf(source), target })),
    nested: [],
  };
}
