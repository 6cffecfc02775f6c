import {
  DEFAULT_SETTINGS,
  decideCalls,
  type Policy,
  type RecordFact,
  type RecordingFact,
  stemNamedBy,
} from '@callbay/core';
import { afterAll, describe, expect, test } from 'vitest';
import { createSampler } from '../src/sampling/index.ts';

const sampler = createSampler({ processes: 1 });
afterAll(() => sampler[Symbol.asyncDispose]());

const sampleOf = (name: string, text: string, givenByName: readonly string[] = []) =>
  sampler.sample('acme', {
    bytes: Buffer.from(text),
    name,
    maxRecords: 10,
    suggestion: { kind: 'call', directions: DEFAULT_SETTINGS.directions, givenByName, hasTimeZone: true },
  });
type Read = Awaited<ReturnType<typeof sampleOf>>;

const RECEIVED_AT = Date.parse('2026-11-20T00:00:00Z');
const fact = {
  replaySeq: null,
  receivedAt: RECEIVED_AT,
  sizeBytes: 1,
  issues: [],
  warnings: [],
  withdrawnSeq: null,
  isWithdrawnHidden: false,
  isPurged: false,
  isPurgedUnpaired: false,
  judgedPolicy: null,
};

/** The call that the first record and a recording make by the suggested mapping, or why they make none. */
function surface(read: Read, stem: string) {
  const [raw] = read.records;
  const policy: Policy = {
    version: 1,
    timeZone: 'America/New_York',
    settings: DEFAULT_SETTINGS,
    mappingVersion: 1,
    mapping: { fields: read.suggestion.fields, options: read.suggestion.options },
  };
  const named = stemNamedBy(raw!, policy);
  const recordStem = stem;
  const recordingStem = named ?? stem;
  const record: RecordFact = {
    ...fact,
    kind: 'record',
    fileId: 'record',
    seq: 1,
    name: `${stem}.${read.format}`,
    stem: recordStem,
    ext: read.format,
    sha256: 'r',
    row: 0,
    isBatchRow: true,
    raw: raw!,
    namedStem: named,
  };
  const recording: RecordingFact = {
    ...fact,
    kind: 'recording',
    fileId: 'recording',
    seq: 2,
    name: `${recordingStem}.wav`,
    stem: recordingStem,
    ext: 'wav',
    sha256: 'm',
    media: { contentType: 'audio/wav', durationSeconds: null, channels: 1, codec: null, isTruncated: false },
  };
  const facts = {
    callKey: `stem:${recordingStem}`,
    stem: recordingStem,
    recordings: [recording],
    records: [record],
    recordingsElsewhere: [],
    unreadFromSeq: null,
    hasSurfaced: false,
  };
  const [decision] = decideCalls([facts], {
    current: policy,
    pinned: new Map([[1, policy]]),
    isLive: true,
    surfaceFrom: null,
  });
  const codes = decision!.verdicts.map(({ outcome }) => outcome.code);
  const content = decision!.revisions[0]?.content;
  return {
    codes,
    startedAt: content?.startedAt == null ? null : new Date(content.startedAt).toISOString(),
    user: content?.user,
    direction: content?.direction,
    durationSeconds: content?.durationSeconds,
  };
}

const STEM = '20261116-090412_inbound_101';

interface Case {
  readonly system: string;
  readonly name: string;
  readonly text: string;
  readonly givenByName?: readonly string[];
  readonly call: { startedAt: string; user: string; direction: string; durationSeconds: number | null };
}

const CASES: readonly Case[] = [
  {
    system: 'ringcentral',
    name: 'calls.csv',
    text: `Direction,Type,From,To,Extension,Forwarded To,Name,Date,Time,Action,Action Result,Result Description,Duration
Incoming,Voice,+14695550101,+12125550100,101,,Ann Lee,Mon 11/16/2026,9:04 AM,Phone Call,Accepted,,0:02:11
`,
    call: { startedAt: '2026-11-16T14:04:00.000Z', user: '101', direction: 'inbound', durationSeconds: 131 },
  },
  {
    system: 'aircall',
    name: 'calls.json',
    text: JSON.stringify({
      meta: { count: 2, total: 2 },
      calls: [812, 813].map((id) => ({
        id,
        direction: 'outbound',
        status: 'done',
        missed_call_reason: null,
        started_at: 1794841452,
        answered_at: 1794841460,
        ended_at: 1794841552,
        duration: 100,
        raw_digits: '+1 469-555-0101',
        user: { id: 7, email: 'joe@acme.test', name: 'Joe' },
      })),
    }),
    call: {
      startedAt: '2026-11-16T15:04:12.000Z',
      user: 'joe@acme.test',
      direction: 'outbound',
      durationSeconds: 100,
    },
  },
  {
    system: 'five9',
    name: 'report.csv',
    text: `CALL ID,TIMESTAMP,CAMPAIGN,CALL TYPE,AGENT,AGENT NAME,DISPOSITION,ANI,CUSTOMER NAME,DNIS,CALL TIME,TALK TIME
300000000012345,"Mon, 16 Nov 2026 09:04:12",Renewals,Manual,joe@acme.test,Joe,Sale,+14695550101,Ann,+12125550100,00:02:20,00:02:11
`,
    call: {
      startedAt: '2026-11-16T14:04:12.000Z',
      user: 'joe@acme.test',
      direction: 'outbound',
      durationSeconds: 131,
    },
  },
  {
    system: 'genesys',
    name: 'conversations.json',
    text: JSON.stringify({
      conversations: ['a1b2', 'c3d4'].map((conversationId) => ({
        conversationId,
        conversationStart: '2026-11-16T15:04:12.123Z',
        conversationEnd: '2026-11-16T15:06:12.123Z',
        originatingDirection: 'inbound',
        participants: [
          {
            purpose: 'customer',
            participantName: 'Ann',
            sessions: [{ ani: 'tel:+14695550101', direction: 'inbound' }],
          },
          { purpose: 'acd', participantName: 'Queue', sessions: [] },
          { purpose: 'agent', userId: 'u-7', participantName: 'Joe', sessions: [{ direction: 'inbound' }] },
        ],
      })),
      totalHits: 2,
    }),
    call: { startedAt: '2026-11-16T15:04:12.123Z', user: 'u-7', direction: 'inbound', durationSeconds: 120 },
  },
  {
    system: 'nice',
    name: 'call.xml',
    text: `<Call><CallId>9001</CallId><AgentId>4711</AgentId><StartTime>2026-11-16T15:04:12Z</StartTime>
<StopTime>2026-11-16T15:06:12Z</StopTime><Direction>Inbound</Direction><ANI>+14695550101</ANI></Call>`,
    call: { startedAt: '2026-11-16T15:04:12.000Z', user: '4711', direction: 'inbound', durationSeconds: 120 },
  },
  {
    system: 'verint',
    name: 'call.xml',
    text: `<recording><inum>910000000012345</inum><agentid>4711</agentid><starttime>2026-11-16T15:04:12Z</starttime>
<stoptime>2026-11-16T15:06:12Z</stoptime><direction>2</direction><extension>101</extension></recording>`,
    call: {
      startedAt: '2026-11-16T15:04:12.000Z',
      user: '4711',
      direction: 'outbound',
      durationSeconds: 120,
    },
  },
  {
    system: 'dialpad',
    name: 'calls.csv',
    text: `call_id,date_started,date_ended,direction,external_number,internal_number,name,email,talk_duration
5123456789012345,2026-11-16 15:04:12.123456,2026-11-16 15:07:16.000000,inbound,+14695550101,+12125550100,Ann,joe@acme.test,3.07
`,
    call: {
      startedAt: '2026-11-16T20:04:12.123Z',
      user: 'joe@acme.test',
      direction: 'inbound',
      durationSeconds: 184.2,
    },
  },
  {
    system: 'twilio',
    name: 'call.json',
    text: JSON.stringify({
      sid: 'CA0123456789abcdef',
      account_sid: 'AC0123',
      from: '+12125550100',
      to: '+14695550101',
      phone_number_sid: 'PN01',
      status: 'completed',
      start_time: 'Mon, 16 Nov 2026 15:04:12 +0000',
      end_time: 'Mon, 16 Nov 2026 15:06:12 +0000',
      duration: '120',
      direction: 'outbound-api',
    }),
    call: {
      startedAt: '2026-11-16T15:04:12.000Z',
      user: 'PN01',
      direction: 'outbound',
      durationSeconds: 120,
    },
  },
  {
    system: '3cx',
    name: `${STEM}.csv`,
    givenByName: ['user'],
    text: `Call Time,Call ID,From,To,Direction,Status,Ringing,Talking,Cost
2026-11-16T09:04:12,00000AB,+14695550101,Joe (101),Inbound,Answered,00:00:05,00:02:11,
`,
    call: { startedAt: '2026-11-16T14:04:12.000Z', user: '101', direction: 'inbound', durationSeconds: 131 },
  },
  {
    system: 'asterisk',
    name: `${STEM}.csv`,
    givenByName: ['user', 'direction'],
    text: `accountcode,src,dst,dcontext,clid,channel,dstchannel,lastapp,start,answer,end,duration,billsec,disposition,amaflags,uniqueid
,+14695550101,101,from-trunk,Ann,SIP/trunk-1,SIP/101-1,Dial,2026-11-16 09:04:12,2026-11-16 09:04:17,2026-11-16 09:06:28,136,131,ANSWERED,DOCUMENTATION,1794841452.7
`,
    call: { startedAt: '2026-11-16T14:04:12.000Z', user: '101', direction: 'inbound', durationSeconds: 131 },
  },
  {
    system: 'salesforce',
    name: 'tasks.csv',
    text: `Id,OwnerId,WhoId,CallType,CallDurationInSeconds,CallDisposition,CallObject,CreatedDate
00T5g00000AbCdEFGH,0055g000001AbCdAAB,0035g000002AbCdAAB,Outbound,131,Sale,rec-77,2026-11-16T15:04:12.000Z
`,
    call: {
      startedAt: '2026-11-16T15:04:12.000Z',
      user: '0055g000001AbCdAAB',
      direction: 'outbound',
      durationSeconds: 131,
    },
  },
];

describe('a sample of a phone system becomes a surfaced call in one step, with no question that it answers', () => {
  test.each(CASES)('$system', async ({ system, name, text, givenByName, call }) => {
    const read = await sampleOf(name, text, givenByName);
    expect(read.system).toBe(system);
    expect([...read.issues, ...read.suggestion.issues]).toEqual([]);
    expect(surface(read, STEM)).toEqual({ codes: ['SURFACED', 'SURFACED'], ...call });
  });
});

test('a list of records inside a document is found and offered, pages and counts beside it', async () => {
  const text = JSON.stringify({
    meta: { page: 1 },
    data: { items: [{ datetime: '2026-11-16T15:04:12Z' }, { datetime: '' }] },
  });
  const read = await sampleOf('calls.json', text);
  expect(read).toMatchObject({ rowCount: 2, suggestion: { options: { records: 'data.items' } } });
  expect(read.fields.map(({ name }) => name)).toEqual(['datetime']);
});

test('case 126: a date and a time of day in two columns are joined, whatever their language', async () => {
  const read = await sampleOf('calls.csv', 'Datum;Uhrzeit;email;direction\n16.11.2026;15:04;a@b.test;in\n');
  expect(read.suggestion.issues).toEqual([]);
  expect(read.suggestion.fields[0]).toEqual({
    source: { join: ['Datum', 'Uhrzeit'] },
    target: 'startedAt',
    type: 'instant',
    formats: ['dd.MM.yyyy HH:mm'],
    required: true,
  });
});

test('a date without a time of day is asked about, not mapped to midnight', async () => {
  const read = await sampleOf('calls.csv', 'date,email,direction\n2026-11-16,a@b.test,in\n');
  expect(read.suggestion.issues.map(({ code }) => code)).toEqual(['TIME_OF_DAY_MISSING']);
  expect(read.suggestion.fields.some(({ target }) => target === 'startedAt')).toBe(false);
});

test('an order of day and month that stays open is one question, not two', async () => {
  const read = await sampleOf('calls.csv', 'datetime,email,direction\n05/06/2026 10:00,a@b.test,in\n');
  expect(read.suggestion.issues.map(({ code }) => code)).toEqual(['DATE_ORDER_AMBIGUOUS']);
});

test('decimals of a duration without a unit are asked about', async () => {
  const text = 'datetime,email,direction,talk_duration\n2026-11-16T10:00:00Z,a@b.test,in,3.07\n';
  const read = await sampleOf('calls.csv', text);
  expect(read.suggestion.issues.map(({ code }) => code)).toEqual(['DURATION_UNIT_OPEN']);
});
