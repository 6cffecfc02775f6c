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
  record: ReadableRecord,
  recording: RecordingFact | null,
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
  const given: Record<string, unknown> = { startedAt: times.startedAt, direction, user };
  const missing = new Set(mapped.missing.filter((target) => (given[target] ?? null) === null));
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
  const old: Record<string, FieldValue> = previous ? flatten(previous) : {};
  const now = flatten(next);
  const changed: Record<string, readonly [FieldValue, FieldValue]> = {};
  for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const [before, after] = [old[field] ?? null, now[field] ?? null];
    if (before !== after) changed[field] = [before, after];
  }
  return changed;
}

function flatten(content: CallContent): Record<string, FieldValue> {
  return {
    ...content.fields,
    startedAt: content.startedAt === null ? null : new Date(content.startedAt).toISOString(),
    endedAt: content.endedAt === null ? null : new Date(content.endedAt).toISOString(),
    direction: content.direction,
    user: content.user,
    durationSeconds: content.durationSeconds,
  };
}
