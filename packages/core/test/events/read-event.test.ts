import { expect, test } from 'vitest';
import {
  alertOpened,
  callAnalyzed,
  callDeleted,
  EVENT_TYPES,
  fileRejected,
  newsOf,
  payloadOf,
  readEvent,
  type StoredEvent,
} from '../../src/index.ts';
import { UNKNOWN } from '../calls/known-call.ts';
import { fields, scenario } from '../calls/scenario.ts';

const ENVELOPE = {
  eventId: '00000000-0000-4000-8000-000000000001',
  sequence: 5,
  tenantId: 'acme',
  at: '2026-03-02T10:05:00.000Z',
  callKey: 'stem:a',
  callId: 7,
  revision: 1,
};

/** As it comes back from a JSON column. */
const stored = (type: string, payload: unknown): StoredEvent => ({
  ...ENVELOPE,
  type,
  payload: JSON.parse(JSON.stringify(payload)),
});

const [surfaced] = newsOf(scenario().media('a.wav').json('a.json', fields()).decide().call('a'), UNKNOWN);

test('an event is read as it was written, without the version of its payload', () => {
  const { type, data } = surfaced!;
  expect(readEvent(stored(type, payloadOf(surfaced!)))).toEqual({ ...ENVELOPE, type, data });
  expect(readEvent(stored('call.deleted', payloadOf(callDeleted(7))))).toEqual({
    ...ENVELOPE,
    type: 'call.deleted',
    data: { callId: 7 },
  });
});

test('an event of every type is read as it was written', () => {
  const analysis = {
    analysisVersion: 2,
    segments: 13,
    agentTensionRatio: 0,
    agentMonotonicityRatio: 72,
    customerTensionRatio: 8,
    averageCustomerSentimentScore: 65,
    averageAgentSentimentScore: 78,
    aiInsights: { topic: 'account access', '    ChurnRisk': 'Low' },
  };
  const refused = { fileId: 'f1', name: 'a.txt', code: 'UNSUPPORTED_TYPE', message: 'm', fix: 'f' };
  const alert = { alertId: 'a1', kind: 'FEED_LATE', subject: 'feed', message: 'm', fix: 'f', count: 1 };
  const drafts = [
    surfaced!,
    callDeleted(7),
    callAnalyzed('stem:a', 1, analysis),
    fileRejected(refused),
    alertOpened(alert),
  ];
  expect(new Set(drafts.map(({ type }) => type))).toEqual(
    new Set(EVENT_TYPES.filter((type) => type !== 'call.updated')),
  );
  for (const draft of drafts) {
    const { type, data } = draft;
    expect(readEvent(stored(type, payloadOf(draft)))).toEqual({ ...ENVELOPE, type, data });
  }
});

test('an event of the first release is read with the names of today', () => {
  const columns = {
    changed: { user: [null, 'joe'] },
    started_at: '2026-03-02T10:00:00.000Z',
    ended_at: null,
    direction: 'inbound',
    user_id: 'joe',
    duration_seconds: 3.5,
    fields: { started_at: 'a field of the customer' },
    raw: { email: 'joe' },
    mapping_version: 2,
    warnings: [{ code: 'TIME_MISMATCH', message: 'm', at: null }],
  };
  expect(readEvent(stored('call.updated', columns))).toEqual({
    ...ENVELOPE,
    type: 'call.updated',
    data: {
      changed: { user: [null, 'joe'] },
      startedAt: '2026-03-02T10:00:00.000Z',
      endedAt: null,
      direction: 'inbound',
      user: 'joe',
      durationSeconds: 3.5,
      fields: { started_at: 'a field of the customer' },
      raw: { email: 'joe' },
      mappingVersion: 2,
      warnings: [{ code: 'TIME_MISMATCH', message: 'm', at: null }],
    },
  });
  expect(readEvent(stored('call.deleted', { callId: 7 })).data).toEqual({ callId: 7 });
});

test.each([
  ['a later payload version', 'call.updated', { v: 2 }],
  ['a later type', 'call.invented', { v: 1 }],
])('an event of %s makes its reader wait for the upgrade', (_, type, payload) => {
  expect(() => readEvent(stored(type, payload))).toThrow(
    expect.objectContaining({ code: 'UNAVAILABLE', retryable: true }),
  );
});

test('a deleted call is named by its number only', () => {
  expect(callDeleted(7)).toEqual({
    callKey: 'deleted:7',
    revision: 1,
    type: 'call.deleted',
    data: { callId: 7 },
  });
});
