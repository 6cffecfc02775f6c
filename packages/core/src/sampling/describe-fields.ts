import type { FieldType, RawRecord } from '../mapping/field-mapping.ts';
import type { FieldSource } from '../mapping/field-source.ts';
import { type GuessedType, guessType } from './guess-type.ts';

/** One field of a sample, as a person who maps it wants to see it. */
export interface SampledField {
  readonly name: string;
  /** The first few values that differ, shortened. */
  readonly examples: readonly string[];
  readonly type: FieldType;
  readonly formats: readonly string[];
  readonly ambiguous: readonly string[];
  /** Records that hold the field and leave it not empty. */
  readonly filled: number;
  /** It stood nested in the source, so that only a mapping row which names its path accepts it. */
  readonly isNested: boolean;
  readonly doubt: GuessedType['doubt'];
  /** What a mapping row reads; the field itself where it is absent. */
  readonly source?: FieldSource | undefined;
}

export const MAX_SAMPLED_RECORDS = 1_000;
const MAX_EXAMPLES = 3;
const MAX_EXAMPLE_CHARS = 100;

const shorten = (value: string): string =>
  value.length > MAX_EXAMPLE_CHARS ? `${value.slice(0, MAX_EXAMPLE_CHARS).toWellFormed()}…` : value;

/** The values that mean "no value", under which no type shows. */
const EMPTY = /^(?:null|n\/a|na|none|-|undefined)?$/i;

/**
 * The fields of the first thousand records, in the order in which they come up. A column that a CSV's header names and
 * no row fills is among them. Source: E1.
 */
export function describeFields(
  records: readonly RawRecord[],
  header: readonly string[] | null = null,
): SampledField[] {
  const sampled = records.slice(0, MAX_SAMPLED_RECORDS);
  const values = new Map<string, string[]>((header ?? []).map((name) => [name, []]));
  const nested = new Set<string>();
  for (const record of sampled) {
    for (const [name, value] of Object.entries(record.fields)) {
      const known = values.get(name);
      if (known === undefined) values.set(name, [value]);
      else known.push(value);
    }
    for (const path of record.nestedPaths) nested.add(path);
  }
  return [...values].map(([name, all]) => describe(name, all, nested.has(name)));
}

function describe(name: string, all: readonly string[], isNested: boolean): SampledField {
  const filled = all.filter((value) => !EMPTY.test(value.trim()));
  const { type, formats, ambiguous, doubt } = guessType(name, filled);
  const examples = [...new Set(filled)].slice(0, MAX_EXAMPLES).map(shorten);
  return { name, examples, type, formats, ambiguous, filled: filled.length, isNested, doubt };
}
