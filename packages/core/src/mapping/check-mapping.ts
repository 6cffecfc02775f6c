import { type Issue, issue } from '../issue.ts';
import { areConfusable, compileDateFormat, isDateOnly, zoneWordIn } from '../times/date-format.ts';
import { isEncoding, UNKNOWN_ENCODING } from './encodings.ts';
import { aliasKey } from './enum-aliases.ts';
import { FIELD_TYPES, type FieldMapping, type FieldType, type MappingOptions } from './field-mapping.ts';
import { isConstant, type SourceTerm, termsOf } from './field-source.ts';
import { DURATION_UNITS } from './read-duration.ts';
import { isPhoneCountry } from './read-phone.ts';

export const MAX_MAPPING_FIELDS = 500;
const MAX_NAME_CHARS = 255;
const MAX_FORMATS = 10;
const MAX_ALIASES = 500;
const MAX_EMPTY_WORDS = 100;
/** Alternatives of one source, and parts of one join. */
export const MAX_SOURCE_TERMS = 10;
export const MAX_IGNORE_RULES = 50;
const MAX_JOINT_CHARS = 10;

/** Targets with a meaning of their own, and the types that carry it. */
const RESERVED_TARGETS: ReadonlyMap<string, readonly FieldType[]> = new Map<string, readonly FieldType[]>([
  ['startedAt', ['instant']],
  ['endedAt', ['instant']],
  ['user', ['id', 'string', 'email', 'phone', 'enum']],
  ['direction', ['enum', 'string']],
  ['durationSeconds', ['duration', 'number']],
  ['filename', ['string', 'id']],
]);

/** Keys that change an object instead of standing in it, wherever somebody assigns them later. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const refuse = (at: string, message: string) => issue('MAPPING_INVALID', message, at);

function checkName(name: string, at: string): Issue[] {
  if (name.trim() === '') return [refuse(at, 'A name is needed.')];
  if (name.length > MAX_NAME_CHARS) return [refuse(at, `A name has at most ${MAX_NAME_CHARS} characters.`)];
  if (/\p{Cc}/u.test(name)) return [refuse(at, 'A name must not contain control characters.')];
  return FORBIDDEN_NAMES.has(name.trim()) ? [refuse(at, 'This name is reserved.')] : [];
}

function checkType({ type, target }: FieldMapping, at: string): Issue[] {
  if (!FIELD_TYPES.includes(type)) return [refuse(at, `A type is one of ${FIELD_TYPES.join(', ')}.`)];
  const allowed = RESERVED_TARGETS.get(target);
  if (allowed === undefined || allowed.includes(type)) return [];
  return [refuse(at, `The target ${target} takes the type ${allowed.join(' or ')}.`)];
}

/** A date alone would start every call at local midnight. Source: case 126. */
const CALL_TIMES: ReadonlySet<string> = new Set(['startedAt', 'endedAt']);
const DATE_ONLY = 'The format has no time of day and would put every';

/** Formats must be readable, and no two may read one text as two days: day and month are never guessed. */
function checkFormats({ formats = [], type, target }: FieldMapping, at: string): Issue[] {
  if (formats.length === 0) return [];
  if (type !== 'instant') return [refuse(at, 'Only the type instant has formats.')];
  if (formats.length > MAX_FORMATS) return [refuse(at, `A field has at most ${MAX_FORMATS} formats.`)];
  const compiled = formats.map(compileDateFormat);
  return compiled.flatMap((result, index) => {
    const here = `${at}[${index}]`;
    if ('problem' in result) return [refuse(here, `The format cannot be used: ${result.problem}.`)];
    if (CALL_TIMES.has(target) && isDateOnly(result.format))
      return [
        refuse(here, `${DATE_ONLY} ${target} at midnight: join the column of the time of day to the date.`),
      ];
    const zone = zoneWordIn(result.format);
    if (zone !== null) return [refuse(here, `The format cannot be used: ${zone}.`)];
    const isConfusable = compiled
      .slice(0, index)
      .some((earlier) => 'format' in earlier && areConfusable(earlier.format, result.format));
    return isConfusable
      ? [refuse(here, 'This format and an earlier one read the same text as different times.')]
      : [];
  });
}

function checkAliases({ aliases = {}, type }: FieldMapping, at: string): Issue[] {
  const entries = Object.entries(aliases);
  if (entries.length === 0) return [];
  if (type !== 'enum') return [refuse(at, 'Only the type enum has aliases.')];
  if (entries.length > MAX_ALIASES) return [refuse(at, `A field has at most ${MAX_ALIASES} aliases.`)];
  const seen = new Map<string, string>();
  return entries.flatMap(([alias, value]) => {
    const found = [...checkName(alias, at), ...checkName(value, at)];
    const other = seen.get(aliasKey(alias));
    seen.set(aliasKey(alias), value);
    if (other !== undefined && other !== value) found.push(refuse(at, `"${alias}" stands for two values.`));
    return found;
  });
}

function checkTerm(term: SourceTerm, at: string): Issue[] {
  if (typeof term === 'string') return checkName(term, at);
  if (isConstant(term)) {
    return term.constant.length > MAX_NAME_CHARS
      ? [refuse(at, `A constant has at most ${MAX_NAME_CHARS} characters.`)]
      : [];
  }
  const { join, with: joint = ' ' } = term;
  if (join.length < 2 || join.length > MAX_SOURCE_TERMS)
    return [refuse(at, `A join names 2 to ${MAX_SOURCE_TERMS} fields.`)];
  if (joint.length > MAX_JOINT_CHARS || /\p{Cc}/u.test(joint))
    return [refuse(at, `\`with\` has at most ${MAX_JOINT_CHARS} characters and no control characters.`)];
  return join.flatMap((name, index) => checkName(name, `${at}.join[${index}]`));
}

/** A list is tried in order, so that nothing may follow a constant: it always has a value. */
function checkSource({ source }: FieldMapping, at: string): Issue[] {
  const terms = termsOf(source);
  if (terms.length === 0 || terms.length > MAX_SOURCE_TERMS)
    return [refuse(at, `A source names 1 to ${MAX_SOURCE_TERMS} alternatives.`)];
  const constantAt = terms.findIndex((term) => typeof term === 'object' && isConstant(term));
  const isShadowing = constantAt !== -1 && constantAt < terms.length - 1;
  return [
    ...terms.flatMap((term, index) => checkTerm(term, terms === source ? `${at}[${index}]` : at)),
    ...(isShadowing
      ? [refuse(`${at}[${constantAt}]`, 'A constant stands last: nothing after it is read.')]
      : []),
  ];
}

function checkUnit({ durationUnit, type }: FieldMapping, at: string): Issue[] {
  if (durationUnit === undefined) return [];
  if (type !== 'duration') return [refuse(at, 'Only the type duration has a unit.')];
  return DURATION_UNITS.includes(durationUnit)
    ? []
    : [refuse(at, `A unit is one of ${DURATION_UNITS.join(', ')}.`)];
}

function checkField(field: FieldMapping, at: string): Issue[] {
  return [
    ...checkSource(field, `${at}.source`),
    ...checkUnit(field, `${at}.durationUnit`),
    ...checkName(field.target, `${at}.target`),
    ...(field.label === undefined ? [] : checkName(field.label, `${at}.label`)),
    ...checkType(field, `${at}.type`),
    ...checkFormats(field, `${at}.formats`),
    ...checkAliases(field, `${at}.aliases`),
  ];
}

function checkIgnoreRules(rules: MappingOptions['ignore'] = []): Issue[] {
  if (rules.length > MAX_IGNORE_RULES)
    return [refuse('options.ignore', `There are at most ${MAX_IGNORE_RULES} rules.`)];
  return rules.flatMap(({ source, equals }, index) => {
    const at = `options.ignore[${index}]`;
    const found = checkName(source, `${at}.source`);
    if (equals.length === 0 || equals.length > MAX_ALIASES)
      found.push(refuse(`${at}.equals`, `A rule names 1 to ${MAX_ALIASES} words.`));
    if (equals.some((word) => word.length > MAX_NAME_CHARS))
      found.push(refuse(`${at}.equals`, `A word has at most ${MAX_NAME_CHARS} characters.`));
    return found;
  });
}

function checkOptions({
  emptyWords = [],
  defaultCountry,
  encoding,
  records,
  ignore,
}: MappingOptions): Issue[] {
  const issues: Issue[] = checkIgnoreRules(ignore);
  if (records !== undefined) issues.push(...checkName(records, 'options.records'));
  if (encoding !== undefined && !isEncoding(encoding)) {
    issues.push(refuse('options.encoding', UNKNOWN_ENCODING));
  }
  if (emptyWords.length > MAX_EMPTY_WORDS) {
    issues.push(refuse('options.emptyWords', `There are at most ${MAX_EMPTY_WORDS} empty words.`));
  }
  if (emptyWords.some((word) => word.length > MAX_NAME_CHARS)) {
    issues.push(refuse('options.emptyWords', `A word has at most ${MAX_NAME_CHARS} characters.`));
  }
  if (defaultCountry !== undefined && !isPhoneCountry(defaultCountry)) {
    issues.push(
      refuse('options.defaultCountry', 'A country is two capital letters of ISO 3166, such as US.'),
    );
  }
  return issues;
}

/**
 * What is wrong with a field mapping, as MAPPING_INVALID at paths such as `fields[3].type`; nothing for one that
 * may be published. Two rows may read one source, but none may share a target. Source: C17, E3.
 */
export function checkMapping(fields: readonly FieldMapping[], options: MappingOptions): Issue[] {
  if (fields.length > MAX_MAPPING_FIELDS) {
    return [refuse('fields', `A field mapping has at most ${MAX_MAPPING_FIELDS} fields.`)];
  }
  const targets = new Set<string>();
  const issues = fields.flatMap((field, index) => {
    const at = `fields[${index}]`;
    const isTaken = targets.has(field.target);
    targets.add(field.target);
    const repeated = isTaken ? [refuse(`${at}.target`, 'An earlier field has this target.')] : [];
    return [...checkField(field, at), ...repeated];
  });
  return [...issues, ...checkOptions(options)];
}
