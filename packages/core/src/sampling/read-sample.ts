import type { Issue } from '../issue.ts';
import type { RawRecord } from '../mapping/field-mapping.ts';
import { describeFields, MAX_SAMPLED_RECORDS, type SampledField } from './describe-fields.ts';
import { proposeFlatNames } from './flat-names.ts';
import { joinTimes } from './join-times.ts';
import { recogniseSystem } from './recognise-system.ts';
import { sampleIssue } from './sample-issues.ts';
import { type SuggestedMapping, type SuggestionContext, suggestMapping } from './suggest-mapping.ts';
import { suggestSystem } from './suggest-system.ts';
import { suspectTwelveHourClock, writtenHours } from './twelve-hour-clock.ts';

/** What a sample teaches: its fields, a mapping to begin with, and what is left to decide. */
export interface SampleReading {
  /** The phone system whose export it is; null where its field names are none's. */
  readonly system: string | null;
  readonly fields: readonly SampledField[];
  readonly suggestion: SuggestedMapping;
  /** Nested paths, each with a flat name that is free. */
  readonly nested: readonly { readonly path: string; readonly name: string }[];
  /** TIME_ZONE_NEEDED, TWELVE_HOUR_CLOCK_SUSPECTED. */
  readonly warnings: readonly Issue[];
}

/** Reads a sample's records; `header` names the columns of a CSV, filled or not. Source: E1. */
export function readSample(
  records: readonly RawRecord[],
  header: readonly string[] | null,
  context: SuggestionContext,
): SampleReading {
  const fields = describeFields(records, header);
  const sampled = records.slice(0, MAX_SAMPLED_RECORDS);
  const system = context.kind === 'call' ? recogniseSystem(fields.map(({ name }) => name)) : null;
  const paths = fields.filter((field) => field.isNested).map((field) => field.name);
  const names = proposeFlatNames(
    paths,
    fields.filter((field) => !field.isNested).map((field) => field.name),
  );
  return {
    fields,
    system: system?.name ?? null,
    suggestion:
      system === null
        ? suggestMapping(joinTimes(fields, sampled), context)
        : suggestSystem(system, sampled, context),
    nested: [...names].map(([path, name]) => ({ path, name })),
    warnings: fields.flatMap((field) => timeWarnings(field, records, context.hasTimeZone)),
  };
}

const OFFSET = /(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$/i;

/**
 * What times without an offset leave in doubt. One with an offset was written by a program, and programs write 24
 * hours.
 */
function timeWarnings(field: SampledField, records: readonly RawRecord[], hasTimeZone: boolean): Issue[] {
  const isEpoch = field.formats.some((format) => /^(?:epoch|rfc|dotnet)/.test(format));
  if (field.type !== 'instant' || isEpoch) return [];
  const values = records.map((record) => record.fields[field.name]?.trim() ?? '').filter(Boolean);
  const local = values.filter((value) => !OFFSET.test(value.replace(/^[\d/.-]+$/, '')));
  if (local.length === 0) return [];
  const clock = local.length < values.length ? null : suspectTwelveHourClock(writtenHours(local));
  return [
    ...(hasTimeZone ? [] : [sampleIssue('TIME_ZONE_NEEDED', field.name)]),
    ...(clock === null ? [] : [{ ...clock, at: field.name }]),
  ];
}
