import { PAGE_BYTES, type Preview, type PreviewRequest, type PreviewSample } from '@callbay/contracts';
import {
  adviseMapping,
  type ComparedRecord,
  compareReadings,
  encodingOf,
  type Policy,
  type RecordReading,
  readRecordBy,
} from '@callbay/core';
import type { KeptRecord, KeptRecordReader } from './ports.ts';
import { bytesOf } from './preview-bytes.ts';
import type { ReadSampleDeps } from './read-sample.ts';

export interface PreviewDeps extends ReadSampleDeps {
  readonly records: KeptRecordReader;
}

/** A sample has no arrival, and no time in it may seem to lie after it: the last instant there is. */
const AFTER_ALL_MS = 8_640_000_000_000_000;
const MAX_SHOWN = 100;
const MAX_SAMPLE_RECORDS = 1_000;
const MAX_KEPT_RECORDS = 2_000;

type SampleView = NonNullable<Preview['sample']>;
type FilesView = NonNullable<Preview['files']>;

/**
 * What a draft of the field mapping makes of a sample and of the last files that really came, beside the version in
 * force. It reads only what is kept and changes nothing. Null without such a tenant. Source: E3.
 */
export async function previewMapping(
  deps: PreviewDeps,
  { tenantId, request }: { tenantId: string; request: PreviewRequest },
): Promise<Preview | null> {
  const live = await deps.policies.findPolicy(tenantId);
  if (live === null) return null;
  const { fields, options = {} } = request.mapping;
  const draft: Policy = { ...live, mappingVersion: live.mappingVersion + 1, mapping: { fields, options } };
  const { sample, lastFiles } = request;
  return {
    liveVersion: live.mappingVersion,
    warnings: adviseMapping(fields, live.settings.directions),
    sample: sample === undefined ? null : await previewSample(deps, tenantId, sample, draft),
    files:
      lastFiles === undefined ? null : await previewFiles(deps.records, tenantId, lastFiles, live, draft),
  };
}

async function previewSample(
  { sampler }: PreviewDeps,
  tenantId: string,
  sample: PreviewSample,
  draft: Policy,
): Promise<SampleView> {
  const { name } = sample;
  const { records, issues, format, encoding, fileWarnings } = await sampler.sample(tenantId, {
    ...bytesOf(sample, encodingOf(draft)),
    name: name ?? null,
    maxRecords: MAX_SAMPLE_RECORDS,
    suggestion: { kind: 'call', directions: draft.settings.directions, givenByName: [], hasTimeZone: true },
  });
  const stem = (name ?? '').replace(/\.[^.]*$/, '');
  const counts = { accepted: 0, held: 0, rejected: 0, ignored: 0 };
  const shown: SampleView['records'] = [];
  for (const raw of records) {
    const record = {
      raw,
      stem,
      isCsv: format === 'csv',
      receivedAt: AFTER_ALL_MS,
      mediaDurationSeconds: null,
    };
    const reading = readRecordBy(record, draft);
    counts[reading.state] += 1;
    if (shown.length < MAX_SHOWN) shown.push(viewOf(raw.at, reading));
  }
  return { counts, records: shown, encoding, issues: [...issues], warnings: [...fileWarnings] };
}

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function viewOf(at: string, { content, ...reading }: RecordReading): SampleView['records'][number] {
  const { state, code, missing, issues } = reading;
  const { user, direction, durationSeconds, startedAt, endedAt } = content;
  return {
    at,
    state,
    code,
    user,
    direction,
    durationSeconds,
    startedAt: isoOf(startedAt),
    endedAt: isoOf(endedAt),
    fields: { ...content.fields },
    missing: [...missing],
    issues: [...issues],
    warnings: [...reading.warnings],
  };
}

async function previewFiles(
  records: KeptRecordReader,
  tenantId: string,
  lastFiles: number,
  live: Policy,
  draft: Policy,
): Promise<FilesView> {
  const files = new Set<string>();
  const counts = {
    records: 0,
    skipped: 0,
    unchanged: 0,
    changedCalls: 0,
    newlyRejected: 0,
    newlyHeld: 0,
    newlyReleased: 0,
    newlyIgnored: 0,
  };
  const lists: Omit<FilesView, 'counts'> = {
    changedCalls: [],
    newlyRejected: [],
    newlyHeld: [],
    newlyReleased: [],
    newlyIgnored: [],
  };
  let roomBytes = PAGE_BYTES;
  const tell = <K extends keyof typeof lists>(list: K, item: (typeof lists)[K][number]): void => {
    counts[list] += 1;
    if (lists[list].length >= MAX_SHOWN || roomBytes <= 0) return;
    roomBytes -= Buffer.byteLength(JSON.stringify(item));
    (lists[list] as (typeof item)[]).push(item);
  };
  for await (const page of records.readLast(tenantId, { files: lastFiles, records: MAX_KEPT_RECORDS })) {
    for (const record of page) {
      if (record === null) {
        counts.skipped += 1;
        continue;
      }
      files.add(record.fileId);
      counts.records += 1;
      const compared = compareReadings(record, live, draft);
      switch (compared.change) {
        case 'none':
          counts.unchanged += 1;
          break;
        case 'changed':
          tell('changedCalls', changedCall(record, compared));
          break;
        case 'rejected':
          tell('newlyRejected', fileChange(record, compared.draft));
          break;
        case 'held':
          tell('newlyHeld', fileChange(record, compared.draft));
          break;
        case 'released':
          tell('newlyReleased', fileChange(record, compared.live));
          break;
        case 'ignored':
          tell('newlyIgnored', fileChange(record, compared.draft));
          break;
        default:
          compared.change satisfies never;
      }
    }
  }
  return { counts: { files: files.size, ...counts }, ...lists };
}

function changedCall(
  { callId, fileId, name }: KeptRecord,
  { changed }: ComparedRecord,
): FilesView['changedCalls'][number] {
  const changes = Object.entries(changed).map(([field, [before, after]]) => ({
    field,
    old: before,
    new: after,
  }));
  return { callId, fileId, name, changes: changes.slice(0, MAX_SHOWN) };
}

function fileChange(
  { fileId, name, raw }: KeptRecord,
  reading: RecordReading,
): FilesView['newlyHeld'][number] {
  const { code, issues, missing } = reading;
  const message = issues[0]?.message ?? `Required and empty: ${missing.join(', ')}.`;
  return { fileId, name, at: raw.at, code, message };
}
