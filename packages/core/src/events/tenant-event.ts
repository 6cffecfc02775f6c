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

/**
 * Every kind of event, with its data. Consumers switch on `type`, so a new kind is a new member here and nowhere else.
 * The keys of `data` are public: a change of their meaning takes a new payload version (see `readEvent`).
 */
export type EventBody =
  | { readonly type: 'call.surfaced' | 'call.updated'; readonly data: CallEventData }
  | { readonly type: 'call.deleted'; readonly data: { readonly callId: number } };

export type EventType = EventBody['type'];

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
  readonly callKey: string;
  readonly callId: number;
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
