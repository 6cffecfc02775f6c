/** What a call's row itself says, whatever its fields. */
export const CALL_SOURCES = [
  'tenantId',
  'callId',
  'startedAt',
  'endedAt',
  'durationSeconds',
  'direction',
  'recordingFileId',
  'user',
  'userEmail',
  'channels',
  'sentiment',
  'topics',
  'speakerChannels',
  'exportVersion',
  'progressPhase',
  'revision',
  'updatedAt',
  'changeSeq',
] as const;
export type CallSource = (typeof CALL_SOURCES)[number];

/** What of them is an instant. */
export const INSTANT_SOURCES: ReadonlySet<CallSource> = new Set(['startedAt', 'endedAt', 'updatedAt']);

/** A column of an export: the first of these fields that has a value, else what the call's row says. */
export interface ExportColumn {
  /** A dot nests it in JSON: `agent.id` is `agent: {id}`. */
  readonly name: string;
  readonly fields: readonly string[];
  readonly call: CallSource | null;
  /** Always a number of ours, and not quoted in CSV. */
  readonly isNumber: boolean;
}

const ofCall = (name: string, call: CallSource): ExportColumn => ({
  name,
  fields: [],
  call,
  isNumber: false,
});
const numberOfCall = (name: string, call: CallSource): ExportColumn => ({
  name,
  fields: [],
  call,
  isNumber: true,
});
const ofFields = (name: string, ...others: string[]): ExportColumn => ({
  name,
  fields: [name, ...others],
  call: null,
  isNumber: false,
});
const ofFieldsOr = (call: CallSource, name: string, ...others: string[]): ExportColumn => ({
  ...ofFields(name, ...others),
  call,
});

/**
 * The columns of an export, in their order. A tenant fills one by mapping a source to a target of its name, or of the other
 * name where there is one; what nothing says is empty, never invented. Ours come last. Source: V5.
 */
export const EXPORT_COLUMNS: readonly ExportColumn[] = [
  ofFields('accountId'),
  ofCall('contextId', 'tenantId'),
  numberOfCall('callId', 'callId'),
  ofCall('startTime', 'startedAt'),
  ofCall('endTime', 'endedAt'),
  numberOfCall('duration', 'durationSeconds'),
  ofCall('direction', 'direction'),
  ofFields('externalEndpoint', 'contactPhone'),
  ofFields('internalEndpoint', 'agentPhone'),
  ofCall('recording', 'recordingFileId'),
  ofFields('saSessionId'),
  ofFieldsOr('user', 'agent.id', 'agentId'),
  ofFieldsOr('userEmail', 'agent.email', 'agentEmail'),
  ofFields('agent.name', 'agentName'),
  ofFields('agent.userId', 'agentUserId'),
  ofFields('agent.channel', 'agentChannel'),
  ofFields('queue.id', 'queueId'),
  ofFields('queue.name', 'queueName'),
  ofFieldsOr('sentiment', 'sentiment'),
  ofFields('crAnswersId'),
  ofFields('score'),
  ofFields('reviewStatus'),
  ofFields('reviewNotes'),
  ofFields('notes'),
  ofFields('tags'),
  ofFields('keywords'),
  ofFieldsOr('topics', 'topics'),
  ofFields('isCallResolved'),
  ofFields('incidents'),
  ofFields('wordCloud'),
  numberOfCall('numAudioChannels', 'channels'),
  ofFieldsOr('speakerChannels', 'numSpkChannels'),
  numberOfCall('version', 'exportVersion'),
  ofFields('aivrAppId'),
  ofFields('aivrSessionId'),
  ofFields('originatingCallId'),
  ofCall('progressPhase', 'progressPhase'),
  ofFields('aivrTransferDestType'),
  ofFields('callCenterCallId'),
  ofFields('language'),
  ofFields('dtmfEvents'),
  ofFields('dailyRepeatCalls'),
  ofFields('markers'),
  numberOfCall('revision', 'revision'),
  ofCall('updatedAt', 'updatedAt'),
  numberOfCall('changeSeq', 'changeSeq'),
];

/** The version of the columns that clients of this export know. */
export const EXPORT_VERSION = 2;
/** What pandas and spreadsheets read into one cell of a CSV; longer ones are cut, and named in the column `truncated`. */
export const MAX_CELL_LENGTH = 131_072;
/** The last columns of a CSV: ours, beside those of calls. */
export const TRUNCATED_COLUMN = 'truncated';
export const DELETED_COLUMN = 'deleted';

/** The columns of these names, in their order; all where none is named. Unknown names are answered as such. */
export function chooseColumns(names: readonly string[]): {
  readonly columns: readonly ExportColumn[];
  readonly unknown: readonly string[];
} {
  if (names.length === 0) return { columns: EXPORT_COLUMNS, unknown: [] };
  const byName = new Map(EXPORT_COLUMNS.map((column) => [column.name, column]));
  const columns = [...new Set(names)].flatMap((name) => byName.get(name) ?? []);
  return { columns, unknown: names.filter((name) => !byName.has(name)) };
}

const FORMULA = /(?<=^|[,\n])"(?=[=+\-@\t\r])((?:[^"]|"")*)"/g;
const PLAIN_NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

/**
 * Makes cells of a CSV inert that a spreadsheet would calculate: an apostrophe stands before them. E.164 numbers and plain
 * decimals stay as they are. Every text cell of `csv` must be quoted, which tells its beginning from the text of another.
 * Source: case 77.
 */
export const makeFormulasInert = (csv: string): string =>
  csv.replace(FORMULA, (cell, text: string) => (PLAIN_NUMBER.test(text) ? cell : `"'${text}"`));
