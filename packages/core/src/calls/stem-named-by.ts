import type { RawRecord } from '../mapping/field-mapping.ts';
import { filenameOf } from '../mapping/map-record.ts';
import { isOverKeyLimit } from '../mapping/record-limit.ts';
import { namedStem } from '../names/canonical-stem.ts';
import { stripSourcePrefix } from '../names/strip-source-prefix.ts';
import type { Policy } from '../policy.ts';

/**
 * Stem of the recording that a record names under a policy, or null where it names none. A name that is too long to be one
 * counts as none; `mapRecord` refuses the record. Source: C12.
 */
export function stemNamedBy(raw: RawRecord, policy: Policy): string | null {
  const filename = filenameOf(raw, policy);
  const stem = filename === null || isOverKeyLimit(filename) ? null : namedStem(filename);
  return stem === null ? null : stripSourcePrefix(stem, policy.settings.sourcePrefixes);
}
