import {
  type CallSource,
  EXPORT_VERSION,
  type ExportColumn,
  MAX_CELL_LENGTH,
  TRUNCATED_COLUMN,
} from '@callbay/core';
import { textSql } from '../database/constants.ts';

const timeSql = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Of a row of `calls`. */
const SOURCES: Readonly<Record<CallSource, string>> = {
  tenantId: 'tenant_id',
  callId: 'call_id',
  startedAt: timeSql('started_at'),
  endedAt: timeSql('ended_at'),
  durationSeconds: 'duration_seconds',
  direction: 'direction',
  recordingFileId: 'recording_file_id',
  user: 'user_id',
  userEmail: `CASE WHEN user_id ~ '^[^@[:space:]]+@[^@[:space:]]+$' THEN user_id END`,
  channels: `(media ->> 'channels')::int`,
  sentiment: `(analysis ->> 'sentiment')::numeric`,
  topics: `(analysis ->> 'topics')`,
  speakerChannels: `(analysis ->> 'channels')::int`,
  exportVersion: String(EXPORT_VERSION),
  progressPhase: `'DONE'::text`,
  revision: 'revision',
  updatedAt: timeSql('coalesce(updated_at, surfaced_at)'),
  changeSeq: 'change_seq',
};

const NUMBERS: ReadonlySet<CallSource> = new Set([
  'callId',
  'durationSeconds',
  'channels',
  'sentiment',
  'speakerChannels',
  'exportVersion',
  'revision',
  'changeSeq',
]);
/** What people write; the rest is made of characters that JSON takes as they are. */
const NEEDS_ESCAPE: ReadonlySet<CallSource> = new Set(['user', 'userEmail', 'topics']);

function textOf({ fields, call }: ExportColumn): string {
  const sources = fields.map((field) => `fields ->> ${textSql(field)}`);
  if (call !== null) sources.push(`(${SOURCES[call]})::text`);
  return sources.length === 1 ? sources[0]! : `coalesce(${sources.join(', ')})`;
}

/** What the row itself says as JSON text. */
function sourceJson(call: CallSource): string {
  if (NUMBERS.has(call)) return `(${SOURCES[call]})::text`;
  return NEEDS_ESCAPE.has(call) ? `to_json(${SOURCES[call]})::text` : `'"' || ${SOURCES[call]} || '"'`;
}

/** JSON text, `null` where nothing has a value: a field that is there and null leaves the word to the next source. */
function jsonOf({ fields, call }: ExportColumn): string {
  const texts = fields.map((field) => `(fields -> ${textSql(field)})::text`);
  const isOne = texts.length === 1 && call === null;
  const sources = isOne ? texts : texts.map((text) => `nullif(${text}, 'null')`);
  if (call !== null) sources.push(sourceJson(call));
  return `coalesce(${sources.join(', ')}, 'null')`;
}

const quoted = (name: string): string => `"${name}"`;

/** The select list of a CSV's row; its cells are cut, and those that were are named in the last column. */
export function csvSelect(columns: readonly ExportColumn[]): string {
  const cut = columns.filter(({ fields }) => fields.length > 0);
  // Stored fields are compressed to a hundredth at the most: those of smaller ones hold no cell to cut.
  const isLarge = `pg_column_size(fields) > ${MAX_CELL_LENGTH / 128}`;
  const named = cut.map(
    (column) => `CASE WHEN length(${textOf(column)}) > ${MAX_CELL_LENGTH} THEN ${textSql(column.name)} END`,
  );
  const cells = columns.map((column) => {
    if (column.isNumber && column.call !== null) return `${SOURCES[column.call]} AS ${quoted(column.name)}`;
    const text = textOf(column);
    const cell =
      column.fields.length === 0
        ? text
        : `CASE WHEN ${isLarge} THEN left(${text}, ${MAX_CELL_LENGTH}) ELSE ${text} END`;
    return `${cell} AS ${quoted(column.name)}`;
  });
  const names = `nullif(concat_ws('|', NULL, ${named.join(', ') || 'NULL'}), '')`;
  const truncated = `CASE WHEN ${isLarge} THEN ${names} END AS ${quoted(TRUNCATED_COLUMN)}`;
  return [...cells, truncated].join(', ');
}

/** The columns of a CSV that are quoted wherever they have a value. */
export const quotedColumns = (columns: readonly ExportColumn[]): string =>
  [...columns.filter(({ isNumber }) => !isNumber).map(({ name }) => name), TRUNCATED_COLUMN]
    .map(quoted)
    .join(', ');

/**
 * The object of a row as text: columns whose names have a dot are nested, each group where its first one stands. Put
 * together by `format`, at half the cost of the functions that build JSON.
 */
export function jsonObject(columns: readonly ExportColumn[]): string {
  const values: string[] = [];
  const memberOf = (name: string, column: ExportColumn): string => {
    values.push(jsonOf(column));
    return `"${name}":%s`;
  };
  const groups = Map.groupBy(columns, ({ name }) => name.split('.')[0]!);
  const members = [...groups].map(([group, members]) => {
    if (members.length === 1 && members[0]!.name === group) return memberOf(group, members[0]!);
    const inner = members.map((column) => memberOf(column.name.slice(group.length + 1), column));
    return `"${group}":{${inner.join(',')}}`;
  });
  return `format(${textSql(`{${members.join(',')}}`)}, ${values.join(', ')})`;
}

/** The texts of a row as a JSON array. */
export const jsonCells = (columns: readonly ExportColumn[]): string =>
  `to_json(ARRAY[${columns.map((column) => `(${textOf(column)})::text`).join(', ')}])`;
