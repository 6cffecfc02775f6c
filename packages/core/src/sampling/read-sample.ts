import type { Issue } from '../issue.ts';
import type { RawRecord } from '../mapping/field-mapping.ts';
import { describeFields, type SampledField } from './describe-fields.ts';
import { proposeFlatNames } from './flat-names.ts';
import { type SuggestedMapping, type SuggestionContext, suggestMapping } from './suggest-mapping.ts';
import { suspectTwelveHourClock, writtenHours } from './twelve-hour-clock.ts';

/** What a sample teaches: its fields, a mapping to begin with, and what is left to decide. */
export interface SampleReading {
  readonly fields: readonly SampledField[];
  readonly suggestion: SuggestedMapping;
  /** Nested paths, each with a flat name that is free. */
  readonly nested: readonly { readonly path: string; readonly name: string }[];
  /** TWELVE_HOUR_CLOCK_SUSPECTED. */
  readonly warnings: readonly Issue[];
}

/** Reads a sample's records; `header` names the columns of a CSV, filled or not. Source: E1. */
export function readSample(
  records: readonly RawRecord[],
  header: readonly string[] | null,
  context: SuggestionContext,
): SampleReading {
  const fields = describeFields(records, header);
  const paths = fields.filter((field) => field.isNested).map((field) => field.name);
  const names = proposeFlatNames(
    paths,
    fields.filter((field) => !field.isNested).map((field) => field.name),
  );
  return {
    fields,
    suggestion: suggestMapping(fields, context),
    nested: [...names].map(([path, name]) => ({ path, name })),
    warnings: fields.flatMap((field) => clockWarning(field, records)),
  };
}

function clockWarning(field: SampledField, records: readonly RawRecord[]): Issue[] {
  if (field.type !== 'instant') return [];
  const values = records.map((record) => record.fields[field.name] ?? '');
  // An offset tells of a program that wrote the time, and programs write 24 hours.
  if (values.some((value) => /(?:Z|[+-]\d{2}:?\d{2})$/.test(value.trim()))) return [];
  const found = suspectTwelveHourClock(writtenHours(values));
  return found === null ? [] : [{ ...found, at: field.name }];
}
