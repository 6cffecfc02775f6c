import { expect, test } from 'vitest';
import {
  composeMessage,
  cutMessage,
  type FeedCall,
  type FeedFormat,
  feedRetryMs,
  isInFeed,
  type TenantEvent,
} from '../../src/index.ts';

const GUIDS: Readonly<Record<string, string>> = {
  acme: '3a1e7c51-62d8-95c8-852e-2b5c7b042376',
  joe: '3a1e7c52-15c4-bbbf-76b7-04bcef21c305',
};
const FORMAT: FeedFormat = {
  envelope: 'strict',
  events: ['call.surfaced', 'call.analyzed'],
  directionIds: { inbound: 1285 },
  releasingPartyIds: { agent: 1306 },
  departmentId: 3,
  filter: { directions: null, users: null },
  maxMessageBytes: 1_000_000,
};
const CALL: FeedCall = {
  callId: 22,
  externalId: 'testsss.wav',
  direction: 'inbound',
  user: 'joe',
  transcripts: [],
};
const ENVELOPE = {
  eventId: '00000000-0000-4000-8000-000000000001',
  sequence: 7,
  tenantId: 'acme',
  at: '2026-01-22T08:32:04.123Z',
  callKey: 'stem:testsss',
  callId: 22,
  revision: 1,
} as const;
const surfaced = (fields: Record<string, string | number | null> = {}, more: object = {}): TenantEvent => ({
  ...ENVELOPE,
  type: 'call.surfaced',
  data: {
    changed: {},
    startedAt: '2026-01-22T08:31:59.096Z',
    endedAt: null,
    direction: 'inbound',
    user: 'joe',
    durationSeconds: null,
    fields,
    raw: {},
    mappingVersion: 1,
    warnings: [],
    ...more,
  },
});
const analyzed: TenantEvent = {
  ...ENVELOPE,
  type: 'call.analyzed',
  data: {
    analysisVersion: 1,
    segments: 1,
    agentTensionRatio: 0,
    agentMonotonicityRatio: 72,
    customerTensionRatio: 8,
    averageCustomerSentimentScore: 65,
    averageAgentSentimentScore: 78,
    aiInsights: { topic: 'account access', '    ChurnRisk': 'Low' },
  },
};
const SPOKEN = { Channel: 1, Text: 'hello', Times: '0 540', StartTime: 0, EndTime: 540 };

const compose = (event: TenantEvent, call: FeedCall | null = CALL, format: Partial<FeedFormat> = {}) =>
  composeMessage(event, call, {
    format: { ...FORMAT, ...format },
    guidOf: (text) => GUIDS[text] ?? text,
    isReplay: false,
  });
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

test('a strict body of a call that surfaced is the example of the Data Feeder, property by property', () => {
  expect(JSON.stringify(compose(surfaced({ releasingParty: 'agent' })).body)).toBe(
    JSON.stringify({
      timestampOfMessage: '01/22/2026 08:32:04',
      eventType: 'ConversationCreatedForDataFeeder',
      payload: {
        Conversation: {
          ConversationId: 22,
          DepartmentId: 3,
          AgentId: '3a1e7c52-15c4-bbbf-76b7-04bcef21c305',
          RatingForCSAT: null,
          RatingForNPS: null,
          StartTime: '2026-01-22T08:31:59.096000Z',
          EndTime: '2026-01-22T08:31:59.096000Z',
          Duration: null,
          ExternalId: 'testsss.wav',
          LanguageCode: null,
          AttachedData: [],
          Call: {
            DirectionId: 1285,
            CallerNumber: null,
            CalledNumber: null,
            ReleasingPartyId: 1306,
            HoldCount: 0,
            TotalHoldDuration: null,
            MaxHoldDuration: null,
          },
        },
        TenantId: '3a1e7c51-62d8-95c8-852e-2b5c7b042376',
      },
    }),
  );
});

test('fields fill what the Data Feeder names, and the others are attached as text', () => {
  const fields = {
    callerNumber: '+15551234567',
    holdCount: '2',
    csat: 4,
    language: 'en',
    amount: 12.5,
    empty: null,
  };
  const times = { endedAt: '2026-01-22T08:32:59.500Z', durationSeconds: 60.4 };
  const { Conversation } = compose(surfaced(fields, times)).body.payload as {
    Conversation: Record<string, unknown>;
  };
  expect(Conversation).toMatchObject({
    RatingForCSAT: 4,
    LanguageCode: 'en',
    Duration: 60,
    EndTime: '2026-01-22T08:32:59.500000Z',
    AttachedData: [{ Name: 'amount', Value: '12.5' }],
    Call: { CallerNumber: '+15551234567', HoldCount: 2, ReleasingPartyId: null },
  });
});

test('a strict body of an analysis has the transcript, the scores and the insights unchanged', () => {
  const { body, key, headers } = compose(analyzed, { ...CALL, transcripts: [SPOKEN] });
  expect(key).toBe('testsss.wav');
  expect(body).toEqual({
    timestampOfMessage: '01/22/2026 08:32:04',
    eventType: 'ConversationAnalyzedForDataFeeder',
    payload: {
      ConversationExternalId: 'testsss.wav',
      Transcripts: [SPOKEN],
      AgentTensionRatio: 0,
      AgentMonotonicityRatio: 72,
      CustomerTensionRatio: 8,
      AverageCustomerSentimentScore: 65,
      AverageAgentSentimentScore: 78,
      AiInsights: { topic: 'account access', '    ChurnRisk': 'Low' },
    },
  });
  expect(headers).toEqual({
    eventId: ENVELOPE.eventId,
    eventType: 'call.analyzed',
    sequence: '7',
    tenantId: 'acme',
    revision: '1',
    at: ENVELOPE.at,
  });
});

test('an extended body has our own ids beside the fields of the Data Feeder', () => {
  const { body } = compose(surfaced(), CALL, { envelope: 'extended' });
  expect(body).toMatchObject({
    eventId: ENVELOPE.eventId,
    sequence: 7,
    tenantId: 'acme',
    revision: 1,
    callId: 22,
  });
});

test('a feed has the events of its types, directions and users, and none of a call that is gone', () => {
  const inFeed = (format: Partial<FeedFormat>, call: FeedCall | null = CALL) =>
    isInFeed(surfaced(), call, { ...FORMAT, ...format });
  expect(inFeed({})).toBe(true);
  expect(inFeed({}, null)).toBe(false);
  expect(inFeed({ events: ['call.analyzed'] })).toBe(false);
  expect(inFeed({ filter: { directions: ['outbound'], users: null } })).toBe(false);
  expect(inFeed({ filter: { directions: ['inbound'], users: ['joe'] } })).toBe(true);
  expect(inFeed({ filter: { directions: null, users: ['ann'] } })).toBe(false);
});

test('a message that is too large loses the times of words first, then the transcript, then more', () => {
  const words = { ...SPOKEN, Text: 'word '.repeat(400), Times: '1000 2000;'.repeat(800) };
  const message = compose(analyzed, { ...CALL, transcripts: Array.from({ length: 4 }, () => words) });
  const cut = (maxBytes: number) => {
    const { value, headers, bytes } = cutMessage(message, { maxBytes, bytesOf });
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    return { payload: JSON.parse(value).payload, truncated: headers.truncated };
  };
  expect(cut(1_000_000).truncated).toBeUndefined();
  const noTimes = cut(20_000);
  expect(noTimes.truncated).toBe('times');
  expect(noTimes.payload.Transcripts[0]).toEqual({ ...words, Times: '' });
  const noText = cut(5_000);
  expect(noText.truncated).toBe('times,transcripts');
  expect(noText.payload).toMatchObject({ Transcripts: [], AgentMonotonicityRatio: 72 });
});

test('a call with very large fields loses its attached data, and keeps its own fields', () => {
  const message = compose(surfaced({ note: 'x'.repeat(50_000) }));
  const { value, headers } = cutMessage(message, { maxBytes: 10_000, bytesOf });
  expect(headers.truncated).toBe('attachedData');
  expect(JSON.parse(value).payload.Conversation).toMatchObject({
    AttachedData: [],
    ExternalId: 'testsss.wav',
  });
});

test('whatever the content, a message fits 10,000 bytes in the end', () => {
  const long = 'é'.repeat(20_000);
  const message = compose(surfaced({ callerNumber: long, calledNumber: long, language: long }));
  const { bytes, headers } = cutMessage(message, { maxBytes: 10_000, bytesOf });
  expect(bytes).toBeLessThanOrEqual(10_000);
  expect(headers.truncated).toBe('payload');
});

test('a feed that fails rests for a second at first and a minute in the end', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map(feedRetryMs)).toEqual([
    1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 60_000,
  ]);
});
