import { type CallMedia, JsonText } from '@callbay/contracts';
import { CRM_REFERENCES } from '@callbay/core';
import type { CallCrmRow, CallRow } from '@callbay/ingestion';
import { type Sized, selectOf } from '../database/page.ts';

/** What a call refers to: its field to the id that stands there. */
export type References = Readonly<Record<string, string | number | boolean | null>>;

/** A row of the columns below. The content is null where it was left out. */
export interface ReadCall extends Sized {
  readonly callId: number;
  readonly callKey: string;
  readonly revision: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly direction: string | null;
  readonly user: string | null;
  readonly durationSeconds: number | null;
  readonly fields: string | null;
  readonly raw: string | null;
  readonly warnings: string | null;
  readonly references: References | null;
  readonly mappingVersion: number | null;
  readonly evaluated: boolean;
  readonly legalHold: boolean;
  readonly media: CallMedia | null;
  readonly surfacedAt: Date;
  readonly updatedAt: Date | null;
  readonly changeSeq: number;
  readonly updatesUntil: Date | null;
  readonly analysis: CallRow['analysis'];
  readonly externalRecording: CallRow['externalRecording'];
}

export const LIGHT_COLUMNS = {
  callId: 'call_id',
  callKey: 'call_key',
  revision: 'revision',
  startedAt: 'started_at',
  endedAt: 'ended_at',
  direction: 'direction',
  user: 'user_id',
  durationSeconds: 'duration_seconds',
  mappingVersion: 'mapping_version',
  evaluated: 'evaluated',
  legalHold: 'legal_hold',
  media: 'media',
  externalRecording: `(SELECT jsonb_build_object('source', e.source, 'id', e.external_id) FROM external_recordings e
    WHERE e.tenant_id = calls.tenant_id AND e.file_id = calls.recording_file_id)`,
  analysis: `CASE WHEN analysis IS NOT NULL THEN
    jsonb_build_object('version', analysis -> 'version', 'analyzedAt', analysis -> 'analyzedAt') END`,
  surfacedAt: 'surfaced_at',
  updatedAt: 'updated_at',
  changeSeq: 'change_seq',
  updatesUntil: 'updates_until',
} as const;

export const HEAVY_COLUMNS = { fields: 'fields', raw: 'raw', warnings: 'warnings' } as const;

export const REFERENCES = `jsonb_build_object(${Object.keys(CRM_REFERENCES)
  .map((field) => `'${field}', fields -> '${field}'`)
  .join(', ')})`;

/** All of one call, in one statement on `calls`. */
export const WHOLE_CALL = [
  selectOf(LIGHT_COLUMNS),
  ...Object.entries(HEAVY_COLUMNS).map(([name, column]) => `${column}::text AS "${name}"`),
  `${REFERENCES} AS "references"`,
  '0 AS bytes',
].join(', ');

const textOf = (text: string | null): JsonText | null => (text === null ? null : new JsonText(text));

export function toCallRow(
  { startedAt, endedAt, surfacedAt, updatedAt, updatesUntil, references: _, ...row }: ReadCall,
  crm: Readonly<Record<string, CallCrmRow>>,
): CallRow {
  return {
    ...row,
    fields: textOf(row.fields),
    raw: textOf(row.raw),
    warnings: textOf(row.warnings),
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    crm,
    surfacedAt: surfacedAt.toISOString(),
    updatedAt: (updatedAt ?? surfacedAt).toISOString(),
    updatesAcceptedUntil: updatesUntil?.toISOString() ?? null,
  };
}
