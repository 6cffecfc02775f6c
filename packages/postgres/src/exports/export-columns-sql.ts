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
  exportVersion: String(EXPORT_VERSION),
  progressPhase: `'DONE'::text`,
  revision: 'revision',
  updatedAt: timeSql('coalesce(updated_at, surfaced_at)'),
  changeSeq: 'change_seq',
};

function textOf({ fields, call }: ExportColumn): string {
  const sources = fields.map((field) => `fields ->> ${textSql(field)}`);
  if (call !== null) sources.push(`(${SOURCES[call]})::text`);
  return sources.length === 1 ? sources[0]! : `coalesce(${sources.join(', ')})`;
}

function jsonOf({ fields, call }: ExportColumn): string {
  const isOne = fields.length === 1 && call === null;
  if (isOne) return `fields -> ${textSql(fields[0]!)}`;
  if (fields.length === 0 && call !== null) return SOURCES[call];
  // A field that is there and null leaves the word to the next source.
  const sources = fields.map((field) => `nullif(fields -> ${textSql(field)}, 'null')`);
  if (call !== null) sources.push(`to_jsonb(${SOURCES[call]})`);
  return `coalesce(${sources.join(', ')})`;
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

/** The object of a row: columns whose names have a dot are nested, each group where its first one stands. */
export function jsonObject(columns: readonly ExportColumn[]): string {
  const groups = Map.groupBy(columns, ({ name }) => name.split('.')[0]!);
  const members = [...groups].map(([group, members]) => {
    if (members.length === 1 && members[0]!.name === group)
      return `${textSql(group)}, ${jsonOf(members[0]!)}`;
    const inner = members.map(
      (column) => `${textSql(column.name.slice(group.length + 1))}, ${jsonOf(column)}`,
    );
    return `${textSql(group)}, json_build_object(${inner.join(', ')})`;
  });
  return `json_build_object(${members.join(', ')})`;
}
