import type { FieldMapping, RawRecord } from '../mapping/field-mapping.ts';
import { isConstant, isProvided, labelOf, namesOf, termsOf } from '../mapping/field-source.ts';
import { sourceFinder } from '../mapping/source-fields.ts';
import { parseFileName } from '../names/parse-file-name.ts';
import type { Policy } from '../policy.ts';
import { proposeFlatNames } from './flat-names.ts';

/** How a field mapping and the records that really came fit each other. */
export interface MappingLint {
  readonly records: number;
  /** Fields that came and that no row of the mapping names; they are kept as strings. */
  readonly unmapped: readonly { readonly source: string; readonly seen: number }[];
  /** Rows of the mapping whose source no record held. */
  readonly neverSeen: readonly {
    readonly source: string;
    readonly target: string;
    readonly isRequired: boolean;
  }[];
  /** Required targets that neither a record nor the name of its file ever gave. */
  readonly requiredNeverGiven: readonly { readonly source: string; readonly target: string }[];
  /** Nested values, each with a flat name that is free. Those that no row names reject their records. */
  readonly nested: readonly {
    readonly path: string;
    readonly name: string;
    readonly seen: number;
    readonly isMapped: boolean;
  }[];
  /** There were more different fields than are kept count of. */
  readonly isCut: boolean;
}

/** Counts records one by one, so that nobody holds them all. */
export interface LintRun {
  add(record: { readonly raw: RawRecord; readonly stem: string }): void;
  finish(): MappingLint;
}

const MAX_FIELDS = 2_000;
const MAX_LISTED = 500;

/** Starts to hold records against a policy's field mapping. Source: C13, C14, C17. */
export function startLint(policy: Policy): LintRun {
  const { fields } = policy.mapping;
  const sources = new Map<string, number>();
  const nested = new Map<string, number>();
  const mapped = new Set<string>();
  const seen = new Set<FieldMapping>();
  const given = new Set<string>();
  let records = 0;
  let isCut = false;
  const count = (map: Map<string, number>, name: string): void => {
    if (map.size >= MAX_FIELDS && !map.has(name)) isCut = true;
    else map.set(name, (map.get(name) ?? 0) + 1);
  };
  return {
    add({ raw, stem }) {
      records += 1;
      const find = sourceFinder(Object.keys(raw.fields), fields, (name) => raw.fields[name] ?? '');
      for (const field of fields) {
        if (termsOf(field.source).some(isConstant)) given.add(field.target);
        if (isProvided(field.source, find)) seen.add(field);
        for (const name of namesOf(field.source)) {
          const source = find(name);
          if (source === null) continue;
          seen.add(field);
          if (mapped.size < MAX_FIELDS) mapped.add(source);
          if (raw.fields[source]?.trim() !== '') given.add(field.target);
        }
      }
      const { wallTime, uid, direction } = parseFileName(`${stem}.wav`, policy.settings);
      if (wallTime !== null) given.add('startedAt');
      if (uid !== null) given.add('user');
      if (direction !== null) given.add('direction');
      for (const name of Object.keys(raw.fields)) count(sources, name);
      for (const path of raw.nestedPaths) count(nested, path);
    },
    finish() {
      const flat = [...sources.keys()].filter((name) => !nested.has(name));
      const names = proposeFlatNames([...nested.keys()], flat);
      const row = ({ source, target }: FieldMapping) => ({ source: labelOf(source), target });
      return {
        records,
        isCut,
        unmapped: [...sources]
          .filter(([source]) => !mapped.has(source))
          .slice(0, MAX_LISTED)
          .map(([source, times]) => ({ source, seen: times })),
        neverSeen: fields
          .filter((field) => !seen.has(field))
          .map((field) => ({ ...row(field), isRequired: field.required === true })),
        requiredNeverGiven: fields
          .filter((field) => field.required === true && !given.has(field.target))
          .map(row),
        nested: [...nested].slice(0, MAX_LISTED).map(([path, times]) => ({
          path,
          name: names.get(path) ?? path,
          seen: times,
          isMapped: mapped.has(path),
        })),
      };
    },
  };
}
