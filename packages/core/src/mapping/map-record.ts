import { type Issue, issue } from '../issue.ts';
import { baseName } from '../names/canonical-stem.ts';
import type { Policy } from '../policy.ts';
import type { FieldMapping, FieldType, FieldValue, MappedRecord, RawRecord } from './field-mapping.ts';
import { checkLength, type ReadValue, readValue, type ValueContext } from './read-value.ts';
import { isOverKeyLimit, KEY_LIMIT_BYTES } from './record-limit.ts';
import { type FindSource, findDrift, sourceFinder } from './source-fields.ts';

/** A nested document can hold thousands of paths; the first few are enough for the customer to see the problem. */
const MAX_NESTED_ISSUES = 50;

export interface MapContext {
  readonly receivedAtMs: number;
  /** A CSV promises every mapped column; other formats may leave fields out. */
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
  /** Source fields that some row named. */
  readonly consumed: ReadonlySet<string>;
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
  const consumed = new Set<string>();
  const refused = new Set<string>();
  const reads: ReadValue[] = [];
  for (const field of fields) {
    const source = findSource(field.source);
    if (source === null) continue;
    consumed.add(source);
    const read = readValue(raw.fields[source]!, field, valueContext(field, policy, receivedAtMs));
    reads.push(read);
    if (read.issues.length > 0) refused.add(field.target);
    // Several rows of one target, should a mapping have them: the first that holds something.
    if ((targets.get(field.target)?.value ?? null) === null) {
      targets.set(field.target, { type: field.type, value: read.value });
    }
  }
  return {
    targets,
    consumed,
    refused,
    issues: reads.flatMap((read) => read.issues),
    warnings: reads.flatMap((read) => read.warnings),
    needsTimeZone: reads.some((read) => read.needsTimeZone),
  };
}

/** NESTED_VALUE for each nested path that no row of the mapping flattens. Source: C13. */
function checkNesting(raw: RawRecord, consumed: ReadonlySet<string>): Issue[] {
  const paths = raw.nestedPaths.filter((path) => !consumed.has(path));
  return paths
    .slice(0, MAX_NESTED_ISSUES)
    .map((path) =>
      issue('NESTED_VALUE', `"${path}" is nested: send it flat, or map this path to a field.`, path),
    );
}

/** Unmapped fields under their own names; one whose name is a target's is kept as `source.<name>`. */
function unmappedFields(
  raw: RawRecord,
  fields: readonly FieldMapping[],
  consumed: ReadonlySet<string>,
): [string, string][] {
  const taken = new Set(fields.map((field) => field.target));
  return Object.entries(raw.fields)
    .filter(([name]) => !consumed.has(name))
    .map(([name, text]) => [taken.has(name) ? `source.${name}` : name, text]);
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
  const filename = baseName(textOf(targets, 'filename')?.trim() ?? '');
  return filename === '' ? null : filename;
}

/** The recording that a record names, as `mapRecord` reads it, without reading the rest: asked of every row of a batch. */
export function filenameOf(raw: RawRecord, policy: Policy): string | null {
  const named = policy.mapping.fields.filter((field) => field.target === 'filename');
  if (named.length === 0) return null;
  const findSource = sourceFinder(Object.keys(raw.fields), policy.mapping.fields);
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
  const findSource = sourceFinder(Object.keys(raw.fields), fields);
  const mapped = mapTargets(raw, policy, findSource, context.receivedAtMs);
  const drift = context.isCsv ? findDrift(findSource, fields) : [];
  const unmapped = unmappedFields(raw, fields, mapped.consumed);
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
    issues: [...drift, ...checkNesting(raw, mapped.consumed), ...mapped.issues, ...checkKeys(mapped.targets)],
    warnings: [...mapped.warnings, ...unmapped.flatMap(([name, text]) => checkLength(text, name))],
    needsTimeZone: mapped.needsTimeZone,
  };
}
