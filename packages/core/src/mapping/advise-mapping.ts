import type { Issue } from '../issue.ts';
import { KNOWN_TARGETS, nameKey } from '../sampling/known-targets.ts';
import { sampleIssue } from '../sampling/sample-issues.ts';
import type { FieldMapping } from './field-mapping.ts';

/** Targets that a file name may give instead. Source: C10, C14. */
const NEEDED = ['startedAt', 'user', 'direction'] as const;
/** Every direction that Callbay knows by itself, besides those of the tenant. */
const USUAL_DIRECTIONS = ['inbound', 'outbound', 'internal', 'screenshare'];

/**
 * What is odd about a field mapping of calls that may be published all the same: MAPPING_EMPTY, TARGET_NOT_MAPPED,
 * TARGET_UNKNOWN, DIRECTION_UNKNOWN. `directions` are the tenant's words and what they stand for. Source: C14, C17.
 */
export function adviseMapping(
  fields: readonly FieldMapping[],
  directions: Readonly<Record<string, string>>,
): Issue[] {
  if (fields.length === 0) return [sampleIssue('MAPPING_EMPTY', 'fields')];
  const targets = new Set(fields.map(({ target }) => target));
  // An end and a duration make a start, too.
  const given = targets.has('endedAt') ? new Set([...targets, 'startedAt']) : targets;
  return [
    ...NEEDED.filter((target) => !given.has(target)).map((target) =>
      sampleIssue('TARGET_NOT_MAPPED', 'fields', `It is ${target}.`),
    ),
    ...fields.flatMap(unknownTarget),
    ...fields.flatMap((field, index) => unknownDirections(field, index, directions)),
  ];
}

/** A target that differs from a known one by its spelling is a field of its own, and nobody means that. */
function unknownTarget({ target }: FieldMapping, index: number): Issue[] {
  const known = KNOWN_TARGETS.call.find((each) => nameKey(each.target) === nameKey(target))?.target;
  if (known === undefined || known === target) return [];
  return [sampleIssue('TARGET_UNKNOWN', `fields[${index}].target`, `Did you mean ${known}?`)];
}

function unknownDirections(
  { target, aliases = {} }: FieldMapping,
  index: number,
  directions: Readonly<Record<string, string>>,
): Issue[] {
  if (target !== 'direction') return [];
  const known = new Set([...USUAL_DIRECTIONS, ...Object.values(directions)]);
  return Object.entries(aliases)
    .filter(([, value]) => !known.has(value))
    .map(([alias]) =>
      sampleIssue(
        'DIRECTION_UNKNOWN',
        `fields[${index}].aliases.${alias}`,
        `They are ${[...known].join(', ')}.`,
      ),
    );
}
