import { CRM_REFERENCES } from '../crm/crm-types.ts';
import { type Issue, issue } from '../issue.ts';
import { baseName } from '../names/canonical-stem.ts';
import type { Policy } from '../policy.ts';
import { trimMarks } from '../text/marks.ts';
import { isNoValue } from './empty-words.ts';
import type { FieldMapping, FieldType, FieldValue, MappedRecord, RawRecord } from './field-mapping.ts';
import { type FindSource, gatherText, isConstant, namesOf, termsOf } from './field-source.ts';
import { ignoringRule } from './ignore-rules.ts';
import { checkLength, isEmptyValue, type ReadValue, readValue, type ValueContext } from './read-value.ts';
import { isOverKeyLimit, KEY_LIMIT_BYTES } from './record-limit.ts';
import { findDrift, promisedFields, sourceFinder } from './source-fields.ts';

/** A nested document can hold thousands of paths; the first few are enough for the customer to see the problem. */
const MAX_NESTED_ISSUES = 50;
const MAX_NAMES_TOLD = 8;
const MAX_NAME_CHARS = 60;

export interface MapContext {
  readonly receivedAtMs: number;
  /** A CSV promises every required column; other formats may leave fields out. */
  readonly isCsv: boolean;
}

/** What the rows of a mapping made of one target. */
interface Target {
  readonly type: FieldType;
  readonly value: FieldValue;
}

interface MappedTargets {
  /** Targets whose source the record holds, empty or not. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Source fields that some row named, whether it took its text from them or from an alternative. */
  readonly named: ReadonlySet<string>;
  /** Source fields whose text a target took. */
  readonly consumed: ReadonlySet<string>;
  /** Source fields whose text could not be read: it is kept as it is. */
  readonly unread: ReadonlySet<string>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** Targets of values that could not be read: wrong, so not missing. */
  readonly refused: ReadonlySet<string>;
  readonly needsTimeZone: boolean;
}

function valueContext(field: FieldMapping, policy: Policy, receivedAtMs: number): ValueContext {
  return {
    timeZone: policy.timeZone,
    receivedAtMs,
    defaultCountry: policy.mapping.options.defaultCountry,
    emptyWords: policy.mapping.options.emptyWords,
    enumAliases: field.target === 'direction' ? policy.settings.directions : undefined,
  };
}

function mapTargets(
  raw: RawRecord,
  policy: Policy,
  findSource: FindSource,
  receivedAtMs: number,
  fields: readonly FieldMapping[] = policy.mapping.fields,
): MappedTargets {
  const targets = new Map<string, Target>();
  const named = new Set<string>();
  const consumed = new Set<string>();
  const unread = new Set<string>();
  const refused = new Set<string>();
  const reads: ReadValue[] = [];
  const { emptyWords } = policy.mapping.options;
  for (const field of fields) {
    const context = valueContext(field, policy, receivedAtMs);
    const gathered = gatherText(
      field.source,
      findSource,
      (name) => raw.fields[name] ?? '',
      (text) => isEmptyValue(text, field, context),
      (text) => isNoValue(text, emptyWords),
    );
    for (const name of namesOf(field.source)) {
      const found = findSource(name);
      if (found === null) continue;
      named.add(found);
      if (isNoValue(raw.fields[found] ?? '', emptyWords)) consumed.add(found);
    }
    if (gathered === null) continue;
    for (const name of gathered.used) consumed.add(name);
    const given = readValue(gathered.text, field, context, gathered.at);
    const read = isStrict(field) ? given : toWarnings(given);
    reads.push(read);
    if (read !== given) for (const name of gathered.used) unread.add(name);
    if (read.issues.length > 0) refused.add(field.target);
    // Several rows of one target, should a mapping have them: the first that holds something.
    if ((targets.get(field.target)?.value ?? null) === null) {
      targets.set(field.target, { type: field.type, value: read.value });
    }
  }
  return {
    targets,
    named,
    consumed,
    unread,
    refused,
    issues: reads.flatMap((read) => read.issues),
    warnings: reads.flatMap((read) => read.warnings),
    needsTimeZone: reads.some((read) => read.needsTimeZone),
  };
}

/** Without a start there is no call, and the recording that is named must be the right one. */
const STRICT_TARGETS: ReadonlySet<string> = new Set(['startedAt', 'filename']);

const isStrict = ({ required, target }: FieldMapping): boolean =>
  required === true || STRICT_TARGETS.has(target);

/** An optional value that cannot be read holds nothing up: its target is empty, and the text is kept. */
function toWarnings(read: ReadValue): ReadValue {
  if (read.issues.length === 0 || read.needsTimeZone) return read;
  const warnings = read.issues.map(({ message, at }) => issue('VALUE_UNREAD', message, at));
  return { ...read, issues: [], warnings: [...read.warnings, ...warnings] };
}

/** NESTED_VALUE for each nested path that no row of the mapping flattens, unless the mapping keeps them. Source: C13. */
function checkNesting(raw: RawRecord, { options }: Policy['mapping'], named: ReadonlySet<string>): Issue[] {
  if (options.nested === 'keep') return [];
  const paths = raw.nestedPaths.filter((path) => !named.has(path));
  return paths
    .slice(0, MAX_NESTED_ISSUES)
    .map((path) =>
      issue('NESTED_VALUE', `"${path}" is nested: send it flat, or map this path to a field.`, path),
    );
}

/**
 * Unmapped fields under their own names; one whose name is a target's is kept as `source.<name>`, and so is the text of a
 * mapped one that could not be read. They are free text: null only by the words that the mapping sets, but for one that
 * names an object of the CRM, as nothing is called "NULL".
 */
function unmappedFields(
  raw: RawRecord,
  { fields, options }: Policy['mapping'],
  { consumed, unread }: MappedTargets,
): [string, string | null][] {
  const taken = new Set(fields.map((field) => field.target));
  return Object.entries(raw.fields)
    .filter(([name]) => !consumed.has(name) || unread.has(name))
    .map(([name, text]) => {
      const isReference = Object.hasOwn(CRM_REFERENCES, name);
      const isOwnWord = options.emptyWords !== undefined && text.trim() !== '';
      const isNothing = (isReference || isOwnWord) && isNoValue(text, options.emptyWords);
      return [taken.has(name) || unread.has(name) ? `source.${name}` : name, isNothing ? null : text];
    });
}

/** NO_MAPPED_FIELD where the file is about something else than the mapping. */
function checkFit(raw: RawRecord, { fields }: Policy['mapping'], named: ReadonlySet<string>): Issue[] {
  const isAskedFor = fields.some(({ source }) => !termsOf(source).every(isConstant));
  if (named.size > 0 || !isAskedFor) return [];
  const list = (names: readonly string[]): string =>
    [...names.slice(0, MAX_NAMES_TOLD), ...(names.length > MAX_NAMES_TOLD ? ['…'] : [])]
      .map((name) =>
        name.length > MAX_NAME_CHARS ? `${name.slice(0, MAX_NAME_CHARS).toWellFormed()}…` : name,
      )
      .join(', ');
  const held = Object.keys(raw.fields);
  const wanted = fields.flatMap(({ source }) => namesOf(source));
  const has = held.length === 0 ? 'The file has no fields.' : `The file has ${list(held)}.`;
  return [issue('NO_MAPPED_FIELD', `${has} The field mapping reads ${list(wanted)}.`)];
}

const textOf = (targets: ReadonlyMap<string, Target>, name: string): string | null => {
  const value = targets.get(name)?.value ?? null;
  return value === null ? null : String(value);
};

/** Calls are found by these: no index holds a longer one. */
const KEY_TARGETS = ['filename', 'user'] as const;

function checkKeys(targets: ReadonlyMap<string, Target>): Issue[] {
  return KEY_TARGETS.filter((name) => isOverKeyLimit(textOf(targets, name) ?? '')).map((name) =>
    issue('METADATA_INVALID', `The ${name} is over ${KEY_LIMIT_BYTES} bytes.`, name),
  );
}

function fileNameIn(targets: ReadonlyMap<string, Target>): string | null {
  const filename = baseName(trimMarks(textOf(targets, 'filename') ?? ''));
  return filename === '' ? null : filename;
}

/** The recording that a record names, as `mapRecord` reads it, without reading the rest: asked of every row of a batch. */
export function filenameOf(raw: RawRecord, policy: Policy): string | null {
  const named = policy.mapping.fields.filter((field) => field.target === 'filename');
  if (named.length === 0) return null;
  const findSource = sourceFinder(
    Object.keys(raw.fields),
    policy.mapping.fields,
    (name) => raw.fields[name] ?? '',
  );
  return fileNameIn(mapTargets(raw, policy, findSource, 0, named).targets);
}

function typedMembers(targets: ReadonlyMap<string, Target>) {
  const instantOf = (name: string) => (targets.get(name)?.type === 'instant' ? textOf(targets, name) : null);
  const seconds = targets.get('durationSeconds')?.value;
  return {
    startedAt: instantOf('startedAt'),
    endedAt: instantOf('endedAt'),
    user: textOf(targets, 'user'),
    direction: textOf(targets, 'direction'),
    durationSeconds: typeof seconds === 'number' && seconds >= 0 ? seconds : null,
    filename: fileNameIn(targets),
  };
}

/**
 * Reads a raw record through the policy's field mapping. Issues reject the record: SCHEMA_DRIFT, NESTED_VALUE,
 * METADATA_INVALID (all `at` the source field). `missing` names required targets left empty, which only hold
 * it. Every source field is kept: mapped ones typed (null where empty), all others as the strings they were; a
 * target whose source the record lacks is not in `fields`. Source: C13, C14, C17.
 */
export function mapRecord(raw: RawRecord, policy: Policy, context: MapContext): MappedRecord {
  const { fields } = policy.mapping;
  const findSource = sourceFinder(Object.keys(raw.fields), fields, (name) => raw.fields[name] ?? '');
  const mapped = mapTargets(raw, policy, findSource, context.receivedAtMs);
  const drift = context.isCsv ? findDrift(findSource, promisedFields(fields)) : [];
  const unmapped = unmappedFields(raw, policy.mapping, mapped);
  const isMissing = ({ required, target }: FieldMapping) =>
    required === true && (mapped.targets.get(target)?.value ?? null) === null && !mapped.refused.has(target);
  return {
    ...typedMembers(mapped.targets),
    // Built by definition, never by assignment: a field named `__proto__` is then a field like any other.
    fields: Object.fromEntries([
      ...[...mapped.targets].map(([target, { value }]): [string, FieldValue] => [target, value]),
      ...unmapped,
    ]),
    missing: [...new Set(fields.filter(isMissing).map((field) => field.target))],
    issues: [
      ...drift,
      ...checkNesting(raw, policy.mapping, mapped.named),
      ...mapped.issues,
      ...checkKeys(mapped.targets),
    ],
    warnings: [
      ...checkFit(raw, policy.mapping, mapped.named),
      ...mapped.warnings,
      ...unmapped.flatMap(([name, text]) => checkLength(text, name)),
    ],
    needsTimeZone: mapped.needsTimeZone,
    ignoredBy: ignoringRule(policy.mapping.options.ignore, findSource, (name) => raw.fields[name] ?? ''),
  };
}
