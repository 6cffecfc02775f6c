/** The name pattern of recordings, for systems whose metadata names none. */
export const STEM = '20261116-090412_inbound_101';

/** What a phone system writes of one answered call or two, in words of our own. */
export interface PhoneSystem {
  readonly system: string;
  readonly name: string;
  readonly text: string;
  /** The recordings that it belongs to, where it names them. */
  readonly recordings?: readonly string[];
  readonly givenByName?: readonly string[];
  readonly call: { startedAt: string; user: string; direction: string; durationSeconds: number | null };
}

export const PHONE_SYSTEMS: readonly PhoneSystem[] = [
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
    recordings: ['812', '813'],
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
    recordings: ['a1b2', 'c3d4'],
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
    recordings: ['5123456789012345'],
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
    recordings: ['CA0123456789abcdef'],
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
    recordings: ['rec-77'],
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
