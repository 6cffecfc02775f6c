import type { FieldSource } from './field-source.ts';
import type { DurationUnit } from './read-duration.ts';

/** The types a field mapping can give a source string. Source: C16, C17. */
export const FIELD_TYPES = [
  'string',
  'number',
  'boolean',
  'instant',
  'duration',
  'phone',
  'email',
  'id',
  'enum',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** One row of a tenant's map from a source field to ours. `formats` are date patterns, tried in order. */
export interface FieldMapping {
  readonly source: FieldSource;
  readonly target: string;
  readonly label?: string | undefined;
  readonly type: FieldType;
  readonly formats?: readonly string[] | undefined;
  readonly required?: boolean | undefined;
  /** For `duration`: what a number without a unit counts, or how a clock form is read; seconds where it is absent. */
  readonly durationUnit?: DurationUnit | undefined;
  /** For `enum`: source word (compared in lower case) to value. */
  readonly aliases?: Readonly<Record<string, string>> | undefined;
}

/** A rule that leaves records out. Source: unanswered calls, of which no recording will come. */
export interface IgnoreRule {
  readonly source: string;
  /** Words, compared without case; an empty one is an empty or absent field. */
  readonly equals: readonly string[];
}

export interface MappingOptions {
  /** Words, compared in lower case, that mean "no value", such as `n/a`. */
  readonly emptyWords?: readonly string[] | undefined;
  /** ISO 3166 country that completes national phone numbers. */
  readonly defaultCountry?: string | undefined;
  /** A JSON array, an XML list or a YAML list is a batch, one call in each entry. Source: C15. */
  readonly manyRecords?: boolean | undefined;
  /** Path to the list of records inside a JSON, XML or YAML document, such as `calls` or `data.items`. */
  readonly records?: string | undefined;
  /** Nested values that no row names: `refuse` (the default) or `keep`, under their paths. Source: C13. */
  readonly nested?: 'refuse' | 'keep' | undefined;
  /** Records that make no call. */
  readonly ignore?: readonly IgnoreRule[] | undefined;
  /** Of files that do not say it themselves, such as `windows-1250`; the tenant's setting where it is absent. */
  readonly encoding?: string | undefined;
}

/** A typed value: instants are RFC 3339 UTC strings, durations are seconds, phones are E.164. */
export type FieldValue = string | number | boolean | null;

/** One call's metadata as the file held it: values are the very strings of the source. */
export interface RawRecord {
  /** Source field to source string. A nested value has its flattened path as key, `customer.name` or `items[0]`. */
  readonly fields: Readonly<Record<string, string>>;
  /** Those keys of `fields` that were nested in the source. */
  readonly nestedPaths: readonly string[];
  /** Position of the record in its file, such as `line 2`. */
  readonly at: string;
}

/** A raw record read through a field mapping. */
export interface MappedRecord {
  /** Every field: mapped ones by target, all others by source name, as strings. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** RFC 3339 UTC, or null where the record gives none. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly user: string | null;
  readonly direction: string | null;
  readonly durationSeconds: number | null;
  /** The recording that the record names, base name only. Source: C12. */
  readonly filename: string | null;
  /** Targets required by the mapping that the record leaves empty. */
  readonly missing: readonly string[];
  readonly issues: readonly import('../issue.ts').Issue[];
  readonly warnings: readonly import('../issue.ts').Issue[];
  /** A time names no zone and the tenant has none, so the issue disappears once `timeZone` is set. */
  readonly needsTimeZone?: boolean;
  /** The rule of the mapping that leaves this record out, as the end of a sentence; null where none does. */
  readonly ignoredBy?: string | null;
}
