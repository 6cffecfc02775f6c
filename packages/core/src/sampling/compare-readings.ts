import { changesBetween, contentOf } from '../calls/call-content.ts';
import type { CallContent } from '../calls/decision.ts';
import { stemNamedBy } from '../calls/stem-named-by.ts';
import { mapAwaitingZone } from '../calls/take-record.ts';
import { type Issue, issue } from '../issue.ts';
import type { FieldValue, RawRecord } from '../mapping/field-mapping.ts';
import { outcomeOf } from '../outcomes.ts';
import type { Policy } from '../policy.ts';

/** A kept record, and what else decides how it is read. */
export interface RecordToRead {
  readonly raw: RawRecord;
  /** Of its file. */
  readonly stem: string;
  /** A CSV promises every mapped column. */
  readonly isCsv: boolean;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Of the recording of its call, where there is one. */
  readonly mediaDurationSeconds: number | null;
  /** Of a visible call that was made of it: no mapping pairs it anew. */
  readonly pairedStem?: string | undefined;
}

/** What one version of the field mapping makes of a record by itself, whatever else is known of its call. */
export interface RecordReading {
  readonly state: 'accepted' | 'held' | 'rejected' | 'ignored';
  /** Why it is not accepted: the first issue's code, or MISSING_REQUIRED. */
  readonly code: string | null;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
  readonly missing: readonly string[];
  readonly content: CallContent;
}

/** Reads a record by a policy, published or a draft. Source: E3. */
export function readRecordBy(record: RecordToRead, policy: Policy): RecordReading {
  const { raw, receivedAt, isCsv } = record;
  const mapped = mapAwaitingZone(raw, policy, { receivedAtMs: receivedAt, isCsv });
  const stem = record.pairedStem ?? stemNamedBy(raw, policy) ?? record.stem;
  const media =
    record.mediaDurationSeconds === null
      ? null
      : { media: { ...NO_MEDIA, durationSeconds: record.mediaDurationSeconds } };
  const readable = { fact: { receivedAt }, raw: raw.fields, mapped, policy };
  const { content, missing } = contentOf(stem, readable, media);
  const ignoredBy = mapped.ignoredBy ?? null;
  const issues =
    ignoredBy === null
      ? mapped.issues
      : [issue('IGNORED_BY_RULE', outcomeOf('IGNORED_BY_RULE', `${ignoredBy}.`).message)];
  if (ignoredBy !== null) {
    return { state: 'ignored', code: 'IGNORED_BY_RULE', issues, missing: [], warnings: [], content };
  }
  const [first] = issues;
  const state = first ? 'rejected' : missing.length > 0 ? 'held' : 'accepted';
  const code = first?.code ?? (missing.length > 0 ? 'MISSING_REQUIRED' : null);
  return { state, code, issues, missing, warnings: content.warnings, content };
}

const NO_MEDIA = { contentType: '', durationSeconds: null, channels: null, codec: null, isTruncated: false };

/** What a draft would change about one record. */
export interface ComparedRecord {
  readonly change: 'none' | 'changed' | 'rejected' | 'held' | 'released' | 'ignored';
  readonly live: RecordReading;
  readonly draft: RecordReading;
  /** Field to [by the live version, by the draft], where both accept the record. */
  readonly changed: Readonly<Record<string, readonly [FieldValue, FieldValue]>>;
}

/** Reads a record by the live version and by a draft, and returns the difference. Source: E3. */
export function compareReadings(record: RecordToRead, live: Policy, draft: Policy): ComparedRecord {
  const [before, after] = [readRecordBy(record, live), readRecordBy(record, draft)];
  const readings = { live: before, draft: after };
  if (before.state === 'accepted' && after.state === 'accepted') {
    const changed = changesBetween(before.content, after.content);
    return { ...readings, changed, change: Object.keys(changed).length > 0 ? 'changed' : 'none' };
  }
  if (after.state === before.state) return { ...readings, changed: {}, change: 'none' };
  const change = after.state === 'accepted' ? 'released' : after.state;
  return { ...readings, changed: {}, change };
}
