import type { CrmPreview, PreviewRequest, PreviewSample } from '@callbay/contracts';
import {
  type CrmMapping,
  type CrmType,
  issue,
  makeCrmComparison,
  type Policy,
  presetCrmMapping,
} from '@callbay/core';
import type { CrmMappingReader } from './ports.ts';
import { bytesOf } from './preview-bytes.ts';
import type { ReadSampleDeps } from './read-sample.ts';

export interface CrmPreviewDeps extends ReadSampleDeps {
  readonly crmMappings: CrmMappingReader;
}

/** A sample has no arrival, and no time in it may seem to lie after it: the last instant there is. */
const AFTER_ALL_MS = 8_640_000_000_000_000;
const MAX_SHOWN = 100;
const MAX_SAMPLE_RECORDS = 1_000;

type SampleView = NonNullable<CrmPreview['sample']>;

/**
 * What a draft of a CRM mapping makes of a sample, row by row, beside the mapping in force, which may be the preset. It
 * changes nothing. The rows of files that came are not kept, so that only a sample can be tried. Null without such a tenant.
 * Source: E3, C25.
 */
export async function previewCrmMapping(
  deps: CrmPreviewDeps,
  { tenantId, type, request }: { tenantId: string; type: CrmType; request: PreviewRequest },
): Promise<CrmPreview | null> {
  const policy = await deps.policies.findPolicy(tenantId);
  if (policy === null) return null;
  const live = (await deps.crmMappings.findMappings(tenantId)).get(type) ?? null;
  const { fields, options = {} } = request.mapping;
  const draft: CrmMapping = { version: null, fields, options };
  return {
    liveVersion: live?.version ?? null,
    sample:
      request.sample === undefined
        ? null
        : await previewSample(deps, tenantId, request.sample, type, { live, draft }, policy),
  };
}

async function previewSample(
  { sampler }: CrmPreviewDeps,
  tenantId: string,
  sample: PreviewSample,
  type: CrmType,
  { live, draft }: { live: CrmMapping | null; draft: CrmMapping },
  { timeZone, settings }: Policy,
): Promise<SampleView> {
  const read = await sampler.sample(tenantId, {
    ...bytesOf(sample, settings.encoding ?? null),
    name: sample.name ?? null,
    maxRecords: MAX_SAMPLE_RECORDS,
    suggestion: { kind: type, directions: {}, givenByName: [], hasTimeZone: true },
  });
  const counts = { read: 0, rejected: 0, unchanged: 0, changed: 0, newlyRejected: 0, newlyReleased: 0 };
  const rows: SampleView['rows'] = [];
  if (read.format !== 'csv') {
    const issues = [...read.issues, issue('METADATA_INVALID', 'A CRM file is a CSV.')];
    return { counts, rows, encoding: read.encoding, issues, warnings: [...read.fileWarnings] };
  }
  const columns = read.fields.map((field) => field.name);
  const inForce = live ?? presetCrmMapping(type, columns);
  const compare = makeCrmComparison(
    columns,
    type,
    { live: inForce, draft },
    { timeZone, receivedAtMs: AFTER_ALL_MS },
  );
  for (const { at, fields } of read.records) {
    const { change, draft: reading, changed } = compare(columns.map((column) => fields[column] ?? ''));
    counts[reading.issues.length > 0 ? 'rejected' : 'read'] += 1;
    counts[COUNTED[change]] += 1;
    if (rows.length >= MAX_SHOWN) continue;
    rows.push({
      at,
      externalId: reading.externalId,
      fields: { ...reading.fields },
      change,
      issues: [...reading.issues],
      warnings: [...reading.warnings],
      changes: Object.entries(changed).map(([field, [before, after]]) => ({
        field,
        old: before,
        new: after,
      })),
    });
  }
  const { encoding, issues, fileWarnings } = read;
  return { counts, rows, encoding, issues: [...issues], warnings: [...fileWarnings] };
}

const COUNTED = {
  none: 'unchanged',
  changed: 'changed',
  rejected: 'newlyRejected',
  released: 'newlyReleased',
} as const;
