import type { AnalyzedUtterance } from '../analysis/analysis.ts';
import type { CallAnalyzedData, CallEventData, TenantEvent } from '../events/tenant-event.ts';
import type { FieldValue } from '../mapping/field-mapping.ts';
import type { FeedFormat } from './feed-settings.ts';

/** What a message says of a call beyond its event. */
export interface FeedCall {
  readonly callId: number;
  /** The name of the recording's file, which the receiver knows the call by. */
  readonly externalId: string;
  readonly direction: string | null;
  readonly user: string | null;
  /** Of the newest analysis; empty where the event is not about one. */
  readonly transcripts: readonly AnalyzedUtterance[];
}

/** A message before it is cut to size. Property order is that of the JSON. */
export interface FeedMessage {
  readonly key: string;
  readonly body: FeedBody;
  readonly headers: Readonly<Record<string, string>>;
}

export interface FeedBody {
  readonly timestampOfMessage: string;
  readonly eventType: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly [more: string]: unknown;
}

export interface ComposeOptions {
  readonly format: FeedFormat;
  /** The same GUID for the same text; the text itself where it is one. */
  readonly guidOf: (text: string) => string;
  readonly isReplay: boolean;
}

const EVENT_NAMES = {
  'call.surfaced': 'ConversationCreatedForDataFeeder',
  'call.updated': 'ConversationUpdatedForDataFeeder',
  'call.analyzed': 'ConversationAnalyzedForDataFeeder',
  'call.deleted': 'ConversationDeletedForDataFeeder',
  'file.rejected': 'FileRejectedForDataFeeder',
  'alert.opened': 'AlertOpenedForDataFeeder',
} as const satisfies Record<TenantEvent['type'], string>;

/** Whether a feed has a message for an event. `call` is null where the event is about no call that still exists. */
export function isInFeed(event: TenantEvent, call: FeedCall | null, { events, filter }: FeedFormat): boolean {
  if (!events.includes(event.type)) return false;
  const isOfCall = event.type.startsWith('call.') && event.type !== 'call.deleted';
  if (!isOfCall) return true;
  // Its deletion has an event of its own.
  if (call === null) return false;
  const has = (wanted: readonly string[] | null, value: string | null) =>
    wanted === null || (value !== null && wanted.includes(value));
  return has(filter.directions, call.direction) && has(filter.users, call.user);
}

/** The message of an event. The key keeps the order of one call: the recording's name. Source: D2–D5. */
export function composeMessage(
  event: TenantEvent,
  call: FeedCall | null,
  { format, guidOf, isReplay }: ComposeOptions,
): FeedMessage {
  const { eventId, sequence, tenantId, revision, at, type } = event;
  const strict = {
    timestampOfMessage: timestampOf(at),
    eventType: EVENT_NAMES[type],
    payload: payloadOf(event, call, format, guidOf),
  };
  return {
    key: call?.externalId ?? event.callKey,
    body:
      format.envelope === 'strict'
        ? strict
        : { ...strict, eventId, sequence, tenantId, callId: event.callId, revision, at, type },
    headers: {
      eventId,
      eventType: type,
      sequence: String(sequence),
      tenantId,
      revision: String(revision),
      at,
      ...(isReplay ? { replay: 'true' } : {}),
    },
  };
}

function payloadOf(
  event: TenantEvent,
  call: FeedCall | null,
  format: FeedFormat,
  guidOf: (text: string) => string,
): Readonly<Record<string, unknown>> {
  switch (event.type) {
    case 'call.surfaced':
    case 'call.updated':
      return {
        Conversation: conversationOf(event.data, call!, format, guidOf),
        TenantId: guidOf(event.tenantId),
      };
    case 'call.analyzed':
      return analysisOf(event.data, call!);
    case 'call.deleted':
      return { ConversationId: event.data.callId, TenantId: guidOf(event.tenantId) };
    case 'file.rejected':
    case 'alert.opened':
      return { ...event.data };
    default:
      return event satisfies never;
  }
}

/** Fields of ours that fill fields of theirs, by the first that has a value. */
const KNOWN_FIELDS = {
  RatingForCSAT: ['ratingForCSAT', 'csat'],
  RatingForNPS: ['ratingForNPS', 'nps'],
  LanguageCode: ['languageCode', 'language'],
  CallerNumber: ['callerNumber'],
  CalledNumber: ['calledNumber'],
  HoldCount: ['holdCount'],
  TotalHoldDuration: ['totalHoldDuration'],
  MaxHoldDuration: ['maxHoldDuration'],
  ReleasingParty: ['releasingParty'],
} as const;

/** Said by fields of their own, so that they are not attached data. */
const OWN_FIELDS: ReadonlySet<string> = new Set<string>(Object.values(KNOWN_FIELDS).flat());

function conversationOf(
  data: CallEventData,
  call: FeedCall,
  { departmentId, directionIds, releasingPartyIds }: FeedFormat,
  guidOf: (text: string) => string,
): Readonly<Record<string, unknown>> {
  const fieldOf = (name: keyof typeof KNOWN_FIELDS): FieldValue => {
    for (const field of KNOWN_FIELDS[name]) {
      const value = data.fields[field] ?? null;
      if (value !== null) return value;
    }
    return null;
  };
  const textOf = (name: keyof typeof KNOWN_FIELDS) => textOrNull(fieldOf(name));
  const integerOf = (name: keyof typeof KNOWN_FIELDS) => integerOrNull(fieldOf(name));
  const releasingParty = textOf('ReleasingParty');
  return {
    ConversationId: call.callId,
    DepartmentId: departmentId,
    AgentId: data.user === null ? null : guidOf(data.user),
    RatingForCSAT: integerOf('RatingForCSAT'),
    RatingForNPS: integerOf('RatingForNPS'),
    StartTime: microseconds(data.startedAt),
    // Of an unknown end the Data Feeder's own example repeats the start.
    EndTime: microseconds(data.endedAt ?? data.startedAt),
    Duration: data.durationSeconds === null ? null : Math.round(data.durationSeconds),
    ExternalId: call.externalId,
    LanguageCode: textOf('LanguageCode'),
    AttachedData: attachedOf(data.fields),
    Call: {
      DirectionId: data.direction === null ? null : (directionIds[data.direction] ?? null),
      CallerNumber: textOf('CallerNumber'),
      CalledNumber: textOf('CalledNumber'),
      ReleasingPartyId: releasingParty === null ? null : (releasingPartyIds[releasingParty] ?? null),
      HoldCount: integerOf('HoldCount') ?? 0,
      TotalHoldDuration: integerOf('TotalHoldDuration'),
      MaxHoldDuration: integerOf('MaxHoldDuration'),
    },
  };
}

function attachedOf(fields: CallEventData['fields']): { Name: string; Value: string }[] {
  const attached: { Name: string; Value: string }[] = [];
  for (const [Name, value] of Object.entries(fields))
    if (value !== null && !OWN_FIELDS.has(Name)) attached.push({ Name, Value: String(value) });
  return attached;
}

const analysisOf = (data: CallAnalyzedData, call: FeedCall): Readonly<Record<string, unknown>> => ({
  ConversationExternalId: call.externalId,
  Transcripts: call.transcripts.map(({ Channel, Text, Times, StartTime, EndTime }) => ({
    Channel,
    Text,
    Times: Times ?? '',
    StartTime,
    EndTime,
  })),
  AgentTensionRatio: data.agentTensionRatio,
  AgentMonotonicityRatio: data.agentMonotonicityRatio,
  CustomerTensionRatio: data.customerTensionRatio,
  AverageCustomerSentimentScore: data.averageCustomerSentimentScore,
  AverageAgentSentimentScore: data.averageAgentSentimentScore,
  AiInsights: data.aiInsights,
});

const textOrNull = (value: FieldValue): string | null => (value === null ? null : String(value));

function integerOrNull(value: FieldValue): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? Math.round(number) : null;
}

/** `YYYY-MM-DDTHH:mm:ss.ffffffZ` of an instant in milliseconds. */
const microseconds = (instant: string | null): string | null =>
  instant === null ? null : `${instant.slice(0, -1)}000Z`;

/** `MM/DD/YYYY HH:mm:ss` of an instant in UTC, whose year has four digits. */
const timestampOf = (at: string): string =>
  `${at.slice(5, 7)}/${at.slice(8, 10)}/${at.slice(0, 4)} ${at.slice(11, 19)}`;
