import type { FieldValue, MappedRecord } from '../mapping/field-mapping.ts';
import { parseFileName } from '../names/parse-file-name.ts';
import type { Policy } from '../policy.ts';
import { resolveCallTimes, resolveDirection } from '../times/call-times.ts';
import type { RecordFact, RecordingFact } from './call-facts.ts';
import type { CallContent } from './decision.ts';

/** A record read through the field mapping that judges it. */
export interface ReadableRecord {
  readonly fact: RecordFact;
  readonly raw: Readonly<Record<string, string>>;
  readonly mapped: MappedRecord;
  readonly policy: Policy;
}

/**
 * What the call says by this record: the metadata first, the recording's name where the metadata is silent, the
 * media's own length last. `missing` names required fields that none of them gives. Source: C10, C14.
 */
export function contentOf(
  stem: string,
  record: Omit<ReadableRecord, 'fact'> & { readonly fact: Pick<RecordFact, 'receivedAt'> },
  recording: Pick<RecordingFact, 'media'> | null,
): { content: CallContent; missing: string[] } {
  const { mapped, policy } = record;
  const name = parseFileName(`${stem}.wav`, policy.settings);
  const times = resolveCallTimes({
    mapped,
    name,
    settings: policy.settings,
    timeZone: policy.timeZone,
    receivedAtMs: record.fact.receivedAt,
    mediaDurationSeconds: recording?.media?.durationSeconds ?? null,
  });
  const { direction, warnings: directionWarnings } = resolveDirection(mapped, name);
  const user = mapped.user ?? name.uid;
  const given = new Map(Object.entries({ startedAt: times.startedAt, direction, user }));
  const missing = new Set(mapped.missing.filter((target) => (given.get(target) ?? null) === null));
  if (times.startedAt === null) missing.add('startedAt');
  return {
    content: {
      startedAt: times.startedAt,
      endedAt: times.endedAt,
      direction,
      user,
      durationSeconds: times.durationSeconds,
      fields: mapped.fields,
      raw: record.raw,
      mappingVersion: policy.mappingVersion,
      warnings: [...mapped.warnings, ...times.warnings, ...directionWarnings],
    },
    missing: [...missing],
  };
}

/** Field to [old, new] between two contents; all of `next` where there was none before. */
export function changesBetween(
  previous: CallContent | null,
  next: CallContent,
): Record<string, readonly [FieldValue, FieldValue]> {
  const old = previous ? flatten(previous) : new Map<string, FieldValue>();
  const now = flatten(next);
  const changes = [...new Set([...old.keys(), ...now.keys()])]
    .map((field) => [field, [old.get(field) ?? null, now.get(field) ?? null]] as const)
    .filter(([, [before, after]]) => before !== after);
  // Built by definition, never by assignment: a field named `__proto__` is then a field like any other.
  return Object.fromEntries(changes);
}

function flatten(content: CallContent): Map<string, FieldValue> {
  return new Map<string, FieldValue>([
    ...Object.entries(content.fields),
    ['startedAt', content.startedAt === null ? null : new Date(content.startedAt).toISOString()],
    ['endedAt', content.endedAt === null ? null : new Date(content.endedAt).toISOString()],
    ['direction', content.direction],
    ['user', content.user],
    ['durationSeconds', content.durationSeconds],
  ]);
}
