import type { RawRecord } from '../mapping/field-mapping.ts';
import { mapRecord } from '../mapping/map-record.ts';
import { readPhone } from '../mapping/read-phone.ts';
import { parseFileName } from '../names/parse-file-name.ts';
import type { Policy } from '../policy.ts';
import { resolveCallTimes, resolveDirection } from '../times/call-times.ts';
import type { LinkageFields } from './linkage-fields.ts';

/** What is known of a recording that rests elsewhere, as it was registered. Other fields are kept and not compared. */
export interface ExternalFields {
  /** RFC 3339. */
  readonly startedAt?: string | undefined;
  readonly user?: string | undefined;
  readonly phone?: string | undefined;
  readonly durationSeconds?: number | undefined;
  readonly direction?: string | undefined;
}

/** What a record says that a recording may say too, by the field mapping and, where that is silent, by its own name. */
export function fieldsOfRecord(
  raw: RawRecord,
  policy: Policy,
  { stem, receivedAtMs, isCsv }: { stem: string; receivedAtMs: number; isCsv: boolean },
): LinkageFields {
  const { settings, timeZone } = policy;
  const mapped = mapRecord(raw, policy, { receivedAtMs, isCsv });
  const name = parseFileName(`${stem}.wav`, settings);
  const times = resolveCallTimes({
    mapped,
    name,
    settings,
    timeZone,
    receivedAtMs,
    mediaDurationSeconds: null,
  });
  return {
    startedAt: times.startedAt,
    user: mapped.user ?? name.uid,
    phones: phonesIn(mapped.fields, policy),
    durationSeconds: times.durationSeconds,
    direction: resolveDirection(mapped, name).direction,
  };
}

/** Numbers that the mapping types as such, and unmapped values that are one beyond doubt since they begin with `+`. */
function phonesIn(fields: Readonly<Record<string, unknown>>, { mapping }: Policy): string[] {
  const typed = new Set(mapping.fields.filter(({ type }) => type === 'phone').map(({ target }) => target));
  const phones = Object.entries(fields).flatMap(([field, value]) => {
    if (typeof value !== 'string' || value.length > 40) return [];
    if (typed.has(field)) return [value];
    return value.startsWith('+') ? [readPhone(value, undefined)] : [];
  });
  return [...new Set(phones.filter((phone) => phone !== null))];
}

/** The same of an external recording, by the tenant's direction words and default country. */
export function fieldsOfRecording(fields: ExternalFields, policy: Policy): LinkageFields {
  const { startedAt, user, phone, durationSeconds, direction } = fields;
  const number = phone === undefined ? null : readPhone(phone, policy.mapping.options.defaultCountry);
  const word = direction?.trim().toLowerCase() ?? null;
  const directions = new Map(Object.entries(policy.settings.directions));
  return {
    startedAt: startedAt === undefined ? null : Date.parse(startedAt),
    user: user?.trim() || null,
    phones: number === null ? [] : [number],
    durationSeconds: durationSeconds ?? null,
    direction: word && (directions.get(word) ?? word),
  };
}
