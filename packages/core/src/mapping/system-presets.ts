import type { FieldMapping, IgnoreRule, MappingOptions } from './field-mapping.ts';
import type { FieldSource } from './field-source.ts';
import type { MappingPreset } from './presets.ts';

/** A preset for what a phone system writes. Its samples are known by the names of their fields. */
export interface SystemPreset extends MappingPreset {
  /** Fields that all its samples have, and others together do not. */
  readonly marks: readonly string[];
}

type Row = [target: string, source: FieldSource, type: FieldMapping['type'], more?: Partial<FieldMapping>];

const rows = (...all: Row[]): FieldMapping[] =>
  all.map(([target, source, type, more]) => ({ source, target, type, ...more }));

const REQUIRED = { required: true };
const IN_AND_OUT = {
  inbound: 'inbound',
  outbound: 'outbound',
  incoming: 'inbound',
  outgoing: 'outbound',
  in: 'inbound',
  out: 'outbound',
  internal: 'internal',
};
const direction = (source: FieldSource, more: Record<string, string> = {}): Row => [
  'direction',
  source,
  'enum',
  { required: true, aliases: { ...IN_AND_OUT, ...more } },
];
const unless = (source: string, ...equals: string[]): IgnoreRule => ({ source, equals });

const system = (
  name: string,
  description: string,
  marks: readonly string[],
  fields: readonly FieldMapping[],
  options: MappingOptions = {},
): SystemPreset => ({ name, description, marks, fields, options });

/** Source: the column names of the systems' own exports. */
export const SYSTEM_PRESETS: readonly SystemPreset[] = [
  system(
    'kaia',
    'Outreach Kaia daily export (JSON in a bundle): meetings have no direction, participants are kept under their paths.',
    ['instance_id', 'startTime', 'endTime', 'host_guid'],
    rows(
      ['startedAt', 'startTime', 'instant', { formats: ['iso8601'], ...REQUIRED }],
      ['endedAt', 'endTime', 'instant', { formats: ['iso8601'] }],
      ['durationSeconds', ['durationInSeconds', 'duration'], 'duration', { durationUnit: 's' }],
      ['user', 'host_guid', 'id', REQUIRED],
      ['direction', 'call_direction', 'enum', { aliases: IN_AND_OUT }],
      ['title', 'title', 'string'],
      ['instanceId', 'instance_id', 'id'],
      ['callCenterCallId', 'call_id', 'id'],
    ),
    { nested: 'keep' },
  ),
  system(
    'ringcentral',
    'RingCentral call log (CSV): date and time joined, the extension as user, missed calls left out.',
    ['Direction', 'From', 'To', 'Extension', 'Date', 'Time', 'Action Result'],
    rows(
      ['startedAt', { join: ['Date', 'Time'] }, 'instant', { formats: ['EEE M/d/yyyy h:mm a'], ...REQUIRED }],
      ['user', 'Extension', 'id', REQUIRED],
      direction('Direction'),
      ['durationSeconds', 'Duration', 'duration', { durationUnit: 'hh:mm:ss' }],
      ['from', 'From', 'phone'],
      ['to', 'To', 'phone'],
      ['contactName', 'Name', 'string'],
      ['outcome', 'Action Result', 'string'],
    ),
    { ignore: [unless('Action Result', 'Missed', 'Voicemail', 'No Answer', 'Hang Up', 'Busy', 'Rejected')] },
  ),
  system(
    'aircall',
    'Aircall calls (JSON, `calls`): the agent as user, the call id as the name of the recording, unanswered calls left out.',
    ['id', 'direction', 'started_at', 'answered_at', 'ended_at', 'raw_digits', 'missed_call_reason'],
    rows(
      ['startedAt', 'started_at', 'instant', { formats: ['epochSeconds'], ...REQUIRED }],
      ['endedAt', 'ended_at', 'instant', { formats: ['epochSeconds'] }],
      ['user', ['user.email', 'user.id'], 'id', REQUIRED],
      direction('direction'),
      ['filename', 'id', 'id'],
      ['contactReference', 'id', 'id'],
      ['durationSeconds', 'duration', 'duration'],
      ['contactPhone', 'raw_digits', 'phone'],
    ),
    { records: 'calls', nested: 'keep', ignore: [unless('answered_at', '')] },
  ),
  system(
    'five9',
    'Five9 call log (CSV): the agent as user; DNIS and ANI are kept, since they are ours or theirs by direction.',
    ['CALL ID', 'CALL TYPE', 'AGENT', 'DNIS', 'ANI', 'CAMPAIGN'],
    rows(
      [
        'startedAt',
        ['TIMESTAMP', { join: ['DATE', 'TIME'] }],
        'instant',
        { formats: ['EEE, d MMM yyyy HH:mm:ss', 'yyyy/MM/dd HH:mm:ss'], ...REQUIRED },
      ],
      ['user', 'AGENT', 'id', REQUIRED],
      direction('CALL TYPE', {
        manual: 'outbound',
        preview: 'outbound',
        autodial: 'outbound',
        'queue callback': 'outbound',
      }),
      ['contactReference', 'CALL ID', 'id'],
      ['callerId', 'ANI', 'phone'],
      ['dialedNumber', 'DNIS', 'phone'],
      ['contactName', 'CUSTOMER NAME', 'string'],
      ['durationSeconds', ['TALK TIME', 'CALL TIME'], 'duration'],
      ['disposition', 'DISPOSITION', 'string'],
    ),
  ),
  system(
    'genesys',
    'Genesys Cloud conversations (JSON, `conversations`): the agent among the participants as user, the conversation id as the name of the recording.',
    ['conversationId', 'conversationStart', 'originatingDirection'],
    rows(
      ['startedAt', 'conversationStart', 'instant', { formats: ['rfc3339'], ...REQUIRED }],
      ['endedAt', 'conversationEnd', 'instant', { formats: ['rfc3339'] }],
      ['user', ['participants[purpose=agent].userId', 'participants[purpose=user].userId'], 'id', REQUIRED],
      direction('originatingDirection'),
      ['filename', 'conversationId', 'id'],
      ['contactReference', 'conversationId', 'id'],
      ['agentName', 'participants[purpose=agent].participantName', 'string'],
      [
        'contactName',
        ['participants[purpose=customer].participantName', 'participants[purpose=external].participantName'],
        'string',
      ],
    ),
    { records: 'conversations', nested: 'keep' },
  ),
  system(
    'nice',
    'NICE call metadata (XML or CSV).',
    ['AgentId', 'StartTime', 'StopTime', 'Direction'],
    rows(
      ['startedAt', 'StartTime', 'instant', { formats: ['iso8601'], ...REQUIRED }],
      ['endedAt', 'StopTime', 'instant', { formats: ['iso8601'] }],
      ['user', ['AgentId', 'AgentName'], 'id', REQUIRED],
      direction('Direction'),
      ['contactReference', ['CallId', 'InteractionId', 'ContactId'], 'id'],
      ['callerId', 'ANI', 'phone'],
      ['dialedNumber', 'DNIS', 'phone'],
    ),
    { nested: 'keep' },
  ),
  system(
    'verint',
    'Verint recording metadata (XML): the agent as user, the recording number as the reference.',
    ['inum', 'agentid', 'starttime', 'direction'],
    rows(
      ['startedAt', 'starttime', 'instant', { formats: ['iso8601'], ...REQUIRED }],
      ['endedAt', ['stoptime', 'endtime'], 'instant', { formats: ['iso8601'] }],
      ['user', ['agentid', 'extension'], 'id', REQUIRED],
      direction('direction', { 1: 'inbound', 2: 'outbound' }),
      ['contactReference', 'inum', 'id'],
      ['durationSeconds', 'duration', 'duration'],
      ['callerId', 'ani', 'phone'],
      ['dialedNumber', 'dnis', 'phone'],
    ),
    { nested: 'keep' },
  ),
  system(
    'dialpad',
    'Dialpad call export (CSV): durations in minutes, the call id as the name of the recording.',
    ['call_id', 'date_started', 'direction', 'external_number', 'talk_duration'],
    rows(
      ['startedAt', 'date_started', 'instant', { formats: ['iso8601'], ...REQUIRED }],
      ['endedAt', 'date_ended', 'instant', { formats: ['iso8601'] }],
      ['user', ['email', 'target_id'], 'id', REQUIRED],
      direction('direction'),
      ['filename', 'call_id', 'id'],
      ['contactReference', 'call_id', 'id'],
      ['durationSeconds', 'talk_duration', 'duration', { durationUnit: 'min' }],
      ['contactPhone', 'external_number', 'phone'],
      ['contactName', 'name', 'string'],
    ),
    { ignore: [unless('talk_duration', '', '0', '0.0')] },
  ),
  system(
    'twilio',
    'Twilio call resources (JSON): the number as user, the call SID as the name of the recording.',
    ['sid', 'account_sid', 'start_time', 'end_time', 'direction', 'from', 'to'],
    rows(
      ['startedAt', 'start_time', 'instant', { formats: ['rfc2822'], ...REQUIRED }],
      ['endedAt', 'end_time', 'instant', { formats: ['rfc2822'] }],
      ['user', ['phone_number_sid', 'from'], 'id', REQUIRED],
      direction('direction', {
        'outbound-api': 'outbound',
        'outbound-dial': 'outbound',
        'trunking-terminating': 'outbound',
        'trunking-originating': 'inbound',
      }),
      ['filename', 'sid', 'id'],
      ['contactReference', 'sid', 'id'],
      ['durationSeconds', 'duration', 'duration'],
      ['callerId', 'from', 'phone'],
      ['dialedNumber', 'to', 'phone'],
    ),
    {
      records: 'calls',
      nested: 'keep',
      ignore: [unless('status', 'no-answer', 'busy', 'failed', 'canceled')],
    },
  ),
  system(
    '3cx',
    '3CX call report (CSV): file names give the user, since the report names both ends by direction.',
    ['Call Time', 'Call ID', 'From', 'To', 'Direction', 'Talking'],
    rows(
      ['startedAt', 'Call Time', 'instant', { formats: ['iso8601'], ...REQUIRED }],
      direction('Direction'),
      ['contactReference', 'Call ID', 'id'],
      ['from', 'From', 'string'],
      ['to', 'To', 'string'],
      ['durationSeconds', 'Talking', 'duration', { durationUnit: 'hh:mm:ss' }],
      ['outcome', 'Status', 'string'],
    ),
    { ignore: [unless('Status', 'Unanswered', 'Missed', 'Waiting')] },
  ),
  system(
    'asterisk',
    'Asterisk call detail records (CSV): file names give user and direction, the recording is named by `recordingfile`.',
    ['src', 'dst', 'dcontext', 'channel', 'billsec', 'disposition', 'uniqueid'],
    rows(
      ['startedAt', ['start', 'calldate'], 'instant', { formats: ['iso8601'], ...REQUIRED }],
      ['endedAt', 'end', 'instant', { formats: ['iso8601'] }],
      ['filename', 'recordingfile', 'string'],
      ['contactReference', 'uniqueid', 'id'],
      ['callerId', 'src', 'phone'],
      ['dialedNumber', 'dst', 'phone'],
      ['durationSeconds', 'billsec', 'duration'],
      ['disposition', 'disposition', 'string'],
    ),
    { ignore: [unless('disposition', 'NO ANSWER', 'BUSY', 'FAILED', 'CONGESTION')] },
  ),
  system(
    'salesforce',
    'Salesforce call tasks (CSV): the owner as user, `CallObject` as the name of the recording.',
    ['CallType', 'CallDurationInSeconds', 'CreatedDate', 'OwnerId'],
    rows(
      ['startedAt', 'CreatedDate', 'instant', { formats: ['iso8601'], ...REQUIRED }],
      ['user', 'OwnerId', 'id', REQUIRED],
      direction('CallType'),
      ['filename', 'CallObject', 'id'],
      ['contactReference', 'Id', 'id'],
      ['durationSeconds', 'CallDurationInSeconds', 'duration'],
      ['contactId', 'WhoId', 'id'],
      ['accountId', 'AccountId', 'id'],
      ['disposition', 'CallDisposition', 'string'],
    ),
  ),
];
