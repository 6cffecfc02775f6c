import { type Issue, issue } from '../issue.ts';
import { areConfusable, compileDateFormat } from '../times/date-format.ts';
import { aliasKey } from './enum-aliases.ts';
import { FIELD_TYPES, type FieldMapping, type FieldType, type MappingOptions } from './field-mapping.ts';
import { isPhoneCountry } from './read-phone.ts';

export const MAX_MAPPING_FIELDS = 500;
const MAX_NAME_CHARS = 255;
const MAX_FORMATS = 10;
const MAX_ALIASES = 500;
const MAX_EMPTY_WORDS = 100;

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

/** Formats must be readable, and no two may read one text as two days: day and month are never guessed. */
function checkFormats({ formats = [], type }: FieldMapping, at: string): Issue[] {
  if (formats.length === 0) return [];
  if (type !== 'instant') return [refuse(at, 'Only the type instant has formats.')];
  if (formats.length > MAX_FORMATS) return [refuse(at, `A field has at most ${MAX_FORMATS} formats.`)];
  const compiled = formats.map(compileDateFormat);
  return compiled.flatMap((result, index) => {
    const here = `${at}[${index}]`;
    if ('problem' in result) return [refuse(here, `The format cannot be used: ${result.problem}.`)];
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

function checkField(field: FieldMapping, at: string): Issue[] {
  return [
    ...checkName(field.source, `${at}.source`),
    ...checkName(field.target, `${at}.target`),
    ...(field.label === undefined ? [] : checkName(field.label, `${at}.label`)),
    ...checkType(field, `${at}.type`),
    ...checkFormats(field, `${at}.formats`),
    ...checkAliases(field, `${at}.aliases`),
  ];
}

function checkOptions({ emptyWords = [], defaultCountry }: MappingOptions): Issue[] {
  const issues: Issue[] = [];
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
