import type { Sample, SampleQuery } from '@callbay/contracts';
import { encodingOf, type Issue, type Policy, parseFileName } from '@callbay/core';
import type { PolicyReader } from './ports.ts';
import type { ReadSample } from './sample-worker.ts';
import type { Sampler } from './sampler.ts';

export interface ReadSampleDeps {
  readonly policies: PolicyReader;
  readonly sampler: Sampler;
}

/** The reading of a sample, or the issues where nothing in it could be read; null without such a tenant. */
export type SampleAnswer = { readonly sample: Sample } | { readonly issues: readonly Issue[] };

/**
 * What a tenant's sample teaches: its fields, their types, a mapping to begin with. Nothing is stored. Source: E1.
 */
export async function readTenantSample(
  { policies, sampler }: ReadSampleDeps,
  { tenantId, kind, name, bytes }: { tenantId: string; bytes: Uint8Array } & SampleQuery,
): Promise<SampleAnswer | null> {
  const policy = await policies.findPolicy(tenantId);
  if (policy === null) return null;
  const { directions } = policy.settings;
  const read = await sampler.sample(tenantId, {
    bytes,
    name: name ?? null,
    maxRecords: 0,
    encoding: kind === 'call' ? encodingOf(policy) : (policy.settings.encoding ?? null),
    suggestion: {
      kind,
      directions,
      hasTimeZone: policy.timeZone !== null,
      givenByName: kind === 'call' ? givenByName(name, policy) : [],
    },
  });
  if (read.fields.length === 0) {
    return { issues: read.issues };
  }
  return { sample: { kind, ...viewOf(read) } };
}

/** A sample that is named as its recording will be shows what names give: time, direction, user. */
function givenByName(name: string | undefined, policy: Policy): string[] {
  if (name === undefined) return [];
  const { wallTime, direction, uid } = parseFileName(name, policy.settings);
  const given = { startedAt: wallTime, direction, user: wallTime && uid };
  return Object.entries(given).flatMap(([target, value]) => (value === null ? [] : [target]));
}

function viewOf(read: ReadSample): Omit<Sample, 'kind'> {
  const { format, encoding, delimiter, rowCount, fields, nested, suggestion, system } = read;
  return {
    format,
    encoding,
    delimiter,
    rowCount,
    system,
    fields: fields.map(({ name, examples, type, formats, ambiguous, filled, isNested }) => ({
      name,
      type,
      filled,
      isNested,
      examples: [...examples],
      formats: [...formats],
      ...(ambiguous.length === 0 ? {} : { ambiguous: [...ambiguous] }),
    })),
    nested: [...nested],
    suggestion: {
      fields: suggestion.fields.map(toPlain),
      options: { ...suggestion.options } as Sample['suggestion']['options'],
    },
    issues: [...read.issues, ...suggestion.issues],
    warnings: [...read.fileWarnings, ...read.warnings],
  };
}

type PlainField = Sample['suggestion']['fields'][number];

const toPlain = (field: ReadSample['suggestion']['fields'][number]): PlainField =>
  ({ ...field, ...(field.formats ? { formats: [...field.formats] } : {}) }) as PlainField;
