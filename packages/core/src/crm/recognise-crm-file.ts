import { RE2JS } from 're2js';
import { type Issue, issue } from '../issue.ts';
import { isProvided } from '../mapping/field-source.ts';
import { sourceFinder } from '../mapping/source-fields.ts';
import { baseName, canonicalStem } from '../names/canonical-stem.ts';
import type { TenantSettings } from '../policy.ts';
import { type CrmMapping, EXTERNAL_ID } from './crm-mapping.ts';
import { CRM_TYPES, type CrmType } from './crm-types.ts';

const MAX_PATTERN_CHARS = 200;
const MAX_PROGRAM_SIZE = 2_000;
const MAX_CACHED = 256;

const compiled = new Map<string, RE2JS | null>();

function compile(pattern: string): RE2JS | null {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (compiled.size >= MAX_CACHED) compiled.clear();
  let regex: RE2JS | null = null;
  try {
    regex = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  } catch {
    // checkCrmPattern refuses such a pattern before it can be set.
  }
  compiled.set(pattern, regex);
  return regex;
}

/** The plural name, then the end or anything but a letter: `contacts.csv`, `Contacts_2026-03-02.csv`. */
const defaultPattern = (type: CrmType): string => `${type}(?:$|[^\\p{L}].*)`;

/**
 * The type of CRM file that a name stands for, or null. Only a `.csv` is one; patterns must match the whole stem, in
 * any case, in an engine without backtracking. Of several types that fit the first is meant. Source: C25.
 */
export function crmTypeOfName(name: string, settings: Pick<TenantSettings, 'crmFiles'>): CrmType | null {
  const { stem, ext } = canonicalStem(baseName(name));
  if (ext !== 'csv') return null;
  const fits = (pattern: string): boolean => compile(pattern)?.matcher(stem).matches() ?? false;
  return CRM_TYPES.find((type) => (settings.crmFiles?.[type] ?? [defaultPattern(type)]).some(fits)) ?? null;
}

/** What is wrong with a pattern for names of CRM files: nothing, or PATTERN_INVALID. */
export function checkCrmPattern(pattern: string): Issue[] {
  const refuse = (message: string): Issue[] => [issue('PATTERN_INVALID', message)];
  if (pattern === '' || pattern.length > MAX_PATTERN_CHARS)
    return refuse(`A pattern has 1 to ${MAX_PATTERN_CHARS} characters.`);
  try {
    if (RE2JS.compile(pattern).programSize() > MAX_PROGRAM_SIZE)
      return refuse('The pattern is too large: use fewer or smaller repetitions.');
  } catch (error) {
    return refuse(`The pattern is not valid RE2: ${error instanceof Error ? error.message : String(error)}.`);
  }
  return [];
}

/**
 * The one type whose published mapping has an id column among `columns`, or null where none has or several have: a
 * header that could mean two things means neither. Source: C25.
 */
export function crmTypeOfHeader(
  columns: readonly string[],
  mappings: ReadonlyMap<CrmType, CrmMapping>,
): CrmType | null {
  const fitting = CRM_TYPES.filter((type) => {
    const fields = mappings.get(type)?.fields ?? [];
    const id = fields.find((field) => field.target === EXTERNAL_ID);
    return id !== undefined && isProvided(id.source, sourceFinder(columns, fields));
  });
  return fitting.length === 1 ? fitting[0]! : null;
}
