import type { CallContent, CallRevision } from '../calls/decision.ts';
import type { Issue } from '../issue.ts';
import type { FieldValue } from '../mapping/field-mapping.ts';

/** The content of a call at one revision. Instants are RFC 3339 in UTC. */
export interface CallEventData {
  /** Field to [old, new]; old is null throughout in revision 1. */
  readonly changed: Readonly<Record<string, readonly [FieldValue, FieldValue]>>;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly direction: string | null;
  readonly user: string | null;
  readonly durationSeconds: number | null;
  /** Mapped fields by target, all others by source name. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** The strings of the metadata file, unchanged. */
  readonly raw: Readonly<Record<string, string>>;
  readonly mappingVersion: number;
  readonly warnings: readonly Issue[];
}

/** An analysis as its event says it. Transcripts are read with the analysis itself: they would make every event large. */
export interface CallAnalyzedData {
  /** Grows with each analysis of the call. */
  readonly analysisVersion: number;
  /** How many segments the transcript has. */
  readonly segments: number;
  /** Ratios are 0 to 100. */
  readonly agentTensionRatio: number | null;
  readonly agentMonotonicityRatio: number | null;
  readonly customerTensionRatio: number | null;
  readonly averageCustomerSentimentScore: number | null;
  readonly averageAgentSentimentScore: number | null;
  /** Insights of a language model, as the engine sent them. */
  readonly aiInsights: Readonly<Record<string, unknown>> | null;
}

/** A file that was refused; rows of batches have no event of their own. */
export interface FileRejectedData {
  readonly fileId: string;
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

export interface AlertOpenedData {
  readonly alertId: string;
  readonly kind: string;
  readonly subject: string;
  readonly message: string;
  readonly fix: string;
  readonly count: number;
}

/**
 * Every kind of event, with its data. Consumers switch on `type`, so a new kind is a new member here and nowhere else.
 * The keys of `data` are public: a change of their meaning takes a new payload version (see `readEvent`).
 */
export type EventBody =
  | { readonly type: 'call.surfaced' | 'call.updated'; readonly data: CallEventData }
  | { readonly type: 'call.analyzed'; readonly data: CallAnalyzedData }
  | { readonly type: 'call.deleted'; readonly data: { readonly callId: number } }
  | { readonly type: 'file.rejected'; readonly data: FileRejectedData }
  | { readonly type: 'alert.opened'; readonly data: AlertOpenedData };

export type EventType = EventBody['type'];

/** Every type, in the order of the documentation. A list that misses one does not compile. */
export const EVENT_TYPES = Object.keys({
  'call.surfaced': true,
  'call.updated': true,
  'call.analyzed': true,
  'call.deleted': true,
  'file.rejected': true,
  'alert.opened': true,
} satisfies Record<EventType, true>) as [EventType, ...EventType[]];

/** Events that happen to a revision once at most. Others may come again, such as a new analysis of the same revision. */
export const ONCE_FOR_A_REVISION: ReadonlySet<EventType> = new Set<EventType>([
  'call.surfaced',
  'call.updated',
  'call.deleted',
]);

/** An event before it has a number: what happened to which call. */
export type EventDraft = { readonly callKey: string; readonly revision: number } & EventBody;

/** An event as every consumer reads it: event streams, exports, webhooks. */
export type TenantEvent = {
  readonly eventId: string;
  /** Grows within one tenant, in commit order, with gaps. */
  readonly sequence: number;
  readonly tenantId: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
  /** What keeps its order: the call's key, or one of the event's own, such as `file:<fileId>`. */
  readonly callKey: string;
  /** Null where the event is not about a call that anybody can read. */
  readonly callId: number | null;
  readonly revision: number;
} & EventBody;

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const dataOf = (content: CallContent, changed: CallEventData['changed']): CallEventData => ({
  changed,
  startedAt: isoOrNull(content.startedAt),
  endedAt: isoOrNull(content.endedAt),
  direction: content.direction,
  user: content.user,
  durationSeconds: content.durationSeconds,
  fields: content.fields,
  raw: content.raw,
  mappingVersion: content.mappingVersion,
  warnings: content.warnings,
});

export const callEvent = (
  callKey: string,
  type: 'call.surfaced' | 'call.updated',
  { revision, content, changed }: CallRevision,
): EventDraft => ({ callKey, revision, type, data: dataOf(content, changed) });

/** Nothing of a deleted call may stay, so the event has a key of its own and names the call by its number only. */
export const callDeleted = (callId: number): EventDraft => ({
  callKey: `deleted:${callId}`,
  revision: 1,
  type: 'call.deleted',
  data: { callId },
});

/** `revision` is the call's when it was analyzed. */
export const callAnalyzed = (callKey: string, revision: number, data: CallAnalyzedData): EventDraft => ({
  callKey,
  revision,
  type: 'call.analyzed',
  data,
});

/** The key is the file's own: the call that it was meant for may never exist. */
export const fileRejected = (data: FileRejectedData): EventDraft => ({
  callKey: fileEventKey(data.fileId),
  revision: 1,
  type: 'file.rejected',
  data,
});

export const fileEventKey = (fileId: string): string => `file:${fileId}`;

export const alertOpened = (data: AlertOpenedData): EventDraft => ({
  callKey: `alert:${data.alertId}`,
  revision: 1,
  type: 'alert.opened',
  data,
});
