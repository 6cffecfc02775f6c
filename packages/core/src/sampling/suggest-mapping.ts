import type { Issue } from '../issue.ts';
import { checkMapping, MAX_MAPPING_FIELDS } from '../mapping/check-mapping.ts';
import { findAlias } from '../mapping/enum-aliases.ts';
import type { FieldMapping, FieldType, MappingOptions } from '../mapping/field-mapping.ts';
import type { DurationUnit } from '../mapping/read-duration.ts';
import { baseName, canonicalStem } from '../names/canonical-stem.ts';
import { MEDIA_EXTENSIONS } from '../names/file-kinds.ts';
import type { SampledField } from './describe-fields.ts';
import { proposeFlatNames } from './flat-names.ts';
import { unitOfName } from './guess-type.ts';
import { isDateAlone } from './join-times.ts';
import { KNOWN_TARGETS, type KnownTarget, nameKey, type SampleKind } from './known-targets.ts';

import { sampleIssue } from './sample-issues.ts';

export interface SuggestionContext {
  readonly kind: SampleKind;
  /** The tenant's words for directions. */
  readonly directions: Readonly<Record<string, string>>;
  /** Times without an offset can be read: the tenant has a zone. */
  readonly hasTimeZone: boolean;
  /** Required targets that the sample's own name gives, as its recording's will. Source: C10, C14. */
  readonly givenByName: readonly string[];
}

export interface SuggestedMapping {
  readonly fields: readonly FieldMapping[];
  readonly options: MappingOptions;
  /** What must be decided by a person before calls can come in by it. */
  readonly issues: readonly Issue[];
}

/** Values that a target of this type can be read from. */
const READABLE: Readonly<Record<FieldType, readonly FieldType[]>> = {
  string: ['string', 'number', 'boolean', 'instant', 'duration', 'phone', 'email', 'id', 'enum'],
  id: ['string', 'number', 'phone', 'email', 'id', 'enum'],
  enum: ['string', 'id', 'enum'],
  instant: ['instant'],
  duration: ['duration', 'number'],
  number: ['number'],
  boolean: ['boolean'],
  phone: ['phone', 'number', 'id'],
  email: ['email'],
};

const MORE_DIRECTIONS: Readonly<Record<string, string>> = {
  inbound: 'inbound',
  outbound: 'outbound',
  incoming: 'inbound',
  inward: 'inbound',
  received: 'inbound',
  i: 'inbound',
  'inbound call': 'inbound',
  outgoing: 'outbound',
  outward: 'outbound',
  dialed: 'outbound',
  o: 'outbound',
  'outbound call': 'outbound',
};

const isMediaName = (value: string): boolean => MEDIA_EXTENSIONS.has(canonicalStem(baseName(value)).ext);

const saysAll = (field: SampledField, claim: (value: string) => boolean): boolean =>
  field.examples.length > 0 && field.examples.every(claim);

/** Targets that a field with an unknown name can be taken for by its values, where no other field could be too. */
const SPEAKING_VALUES: Readonly<Record<string, (field: SampledField) => boolean>> = {
  startedAt: (field) => field.type === 'instant' && !isDateAlone(field),
  user: (field) => field.type === 'email',
  direction: (field) => saysAll(field, (word) => findAlias(MORE_DIRECTIONS, word) !== null),
  durationSeconds: (field) => field.type === 'duration',
  filename: (field) => saysAll(field, isMediaName),
};

/** A date alone is not a start. Source: case 126. */
const CALL_TIMES: ReadonlySet<string> = new Set(['startedAt', 'endedAt']);

/**
 * For each known target the sampled field that fits it best: by the order of its names, then by values that leave no
 * doubt; each field once.
 */
function assign(
  targets: readonly KnownTarget[],
  fields: readonly SampledField[],
): Map<SampledField, KnownTarget> {
  const assigned = new Map<SampledField, KnownTarget>();
  for (const target of targets) {
    const fits = (name: string) =>
      fields.find(
        (field) =>
          !assigned.has(field) &&
          nameKey(field.name) === name &&
          !(CALL_TIMES.has(target.target) && isDateAlone(field)) &&
          (field.filled === 0 || READABLE[target.type].includes(field.type)),
      );
    for (const name of target.names) {
      const field = fits(name);
      if (field === undefined) continue;
      assigned.set(field, target);
      break;
    }
  }
  for (const target of targets) {
    if ([...assigned.values()].includes(target)) continue;
    const speak = SPEAKING_VALUES[target.target];
    const [only, ...others] = speak ? fields.filter((field) => !assigned.has(field) && speak(field)) : [];
    if (only && others.length === 0) assigned.set(only, target);
  }
  return assigned;
}

/** Aliases for directions where the tenant's own words do not read every value; null where they do. */
function aliasesFor(
  field: SampledField,
  directions: Readonly<Record<string, string>>,
): { aliases: Record<string, string> | null; unknown: readonly string[] } {
  const words = field.examples;
  if (words.every((word) => findAlias(directions, word) !== null)) return { aliases: null, unknown: [] };
  const all = { ...directions, ...MORE_DIRECTIONS };
  const unknown = words.filter((word) => findAlias(all, word) === null);
  return { aliases: all, unknown };
}

const isWorthARow = (field: SampledField): boolean =>
  field.isNested || !['string', 'enum', 'id'].includes(field.type);

/**
 * A field mapping for what a sample holds: known targets by field names and values, and a row of its own for each field
 * with a type to gain or a nested path to flatten. Plain strings need no row. Whatever the values leave open is left
 * out and said: DATE_ORDER_AMBIGUOUS, REQUIRED_NOT_FOUND, TIME_WITHOUT_DATE, TIME_OF_DAY_MISSING, DURATION_UNIT_OPEN, NUMBER_AMBIGUOUS, PHONE_COUNTRY_NEEDED,
 * DIRECTION_WORD_UNKNOWN, MAPPING_TOO_LARGE. Source: E1, E2, C14, C17.
 */
export function suggestMapping(
  fields: readonly SampledField[],
  context: SuggestionContext,
): SuggestedMapping {
  const targets = KNOWN_TARGETS[context.kind];
  const assigned = assign(targets, fields);
  const used = new Set([...assigned.values()].map(({ target }) => target));
  const issues: Issue[] = fields.flatMap(doubtsOf);
  const rows: FieldMapping[] = [];
  // Names that the call gives a meaning must not be taken by a field that only happens to be called so.
  const reserved = targets.map(({ target }) => target);
  const names = proposeFlatNames(
    fields.filter((field) => !assigned.has(field) && isWorthARow(field)).map((field) => field.name),
    [...used, ...reserved],
  );
  for (const field of fields) {
    const known = assigned.get(field);
    if (known === undefined && !isWorthARow(field)) continue;
    if (field.type === 'instant' && field.formats.length === 0) continue;
    const row = known ? knownRow(field, known, context, issues) : ownRow(field, names.get(field.name)!);
    if (checkMapping([row], {}).length === 0) rows.push(row);
  }
  for (const target of targets) {
    if (!target.isRequired || rows.some((row) => row.target === target.target)) continue;
    // A field that fits it is open for another reason, which is an issue already.
    if (context.givenByName.includes(target.target) || used.has(target.target)) continue;
    const date = target.target === 'startedAt' ? fields.find(isDateAlone) : undefined;
    if (date !== undefined) {
      issues.push(sampleIssue('TIME_OF_DAY_MISSING', date.name));
      continue;
    }
    issues.push(sampleIssue('REQUIRED_NOT_FOUND', target.target, `It is ${target.target}.`));
  }
  if (rows.length > MAX_MAPPING_FIELDS) {
    issues.push(sampleIssue('MAPPING_TOO_LARGE', null, `The first ${MAX_MAPPING_FIELDS} are suggested.`));
  }
  return { fields: rows.slice(0, MAX_MAPPING_FIELDS), options: {}, issues };
}

function knownRow(
  field: SampledField,
  known: KnownTarget,
  { directions }: SuggestionContext,
  issues: Issue[],
): FieldMapping {
  const base = { source: field.source ?? field.name, target: known.target, type: known.type };
  const required = known.isRequired ? { required: true } : {};
  if (known.type === 'instant') return { ...base, ...formatsOf(field), ...required };
  if (known.type === 'duration') return { ...base, ...unitIn(field), ...required };
  if (known.target !== 'direction') return { ...base, ...required };
  const { aliases, unknown } = aliasesFor(field, directions);
  if (unknown.length > 0) {
    const words = unknown.map((word) => JSON.stringify(word)).join(', ');
    issues.push(sampleIssue('DIRECTION_WORD_UNKNOWN', field.name, `Among them: ${words}.`));
  }
  return { ...base, ...required, ...(aliases === null ? {} : { aliases }) };
}

const ownRow = (field: SampledField, name: string): FieldMapping => ({
  source: field.source ?? field.name,
  target: name,
  ...(name === field.name ? {} : { label: field.name.slice(0, 255) }),
  type: field.type,
  ...(field.type === 'instant' ? formatsOf(field) : {}),
  ...(field.type === 'duration' ? unitIn(field) : {}),
});

/** Seconds need no unit. */
function unitIn({ name }: SampledField): { durationUnit?: DurationUnit } {
  const unit = unitOfName(name);
  return unit === null || unit === 's' ? {} : { durationUnit: unit };
}

const formatsOf = (field: SampledField): { formats?: readonly string[] } =>
  field.formats.length === 0 ? {} : { formats: field.formats };

const DOUBT_CODES = {
  'time-without-date': 'TIME_WITHOUT_DATE',
  'number-sign': 'NUMBER_AMBIGUOUS',
  'phone-country': 'PHONE_COUNTRY_NEEDED',
  'duration-unit': 'DURATION_UNIT_OPEN',
} as const;

function doubtsOf({ name, ambiguous, doubt }: SampledField): Issue[] {
  const formats = `They are ${ambiguous.join(' and ')}.`;
  return [
    ...(ambiguous.length > 0 ? [sampleIssue('DATE_ORDER_AMBIGUOUS', name, formats)] : []),
    ...(doubt === null ? [] : [sampleIssue(DOUBT_CODES[doubt], name)]),
  ];
}
