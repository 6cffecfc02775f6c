import { FIELD_TYPES, SAMPLE_KINDS } from '@callbay/core';
import { z } from 'zod';
import { IssueView, text } from './common.ts';
import { FieldMapping, MappingOptions } from './mappings.ts';

export const SampleKind = z.enum(SAMPLE_KINDS);

/** The most bytes a sample may have. */
export const SAMPLE_BYTES = 10 * 2 ** 20;

export const SampleQuery = z.strictObject({
  kind: SampleKind.default('call').meta({ description: 'What the file holds.' }),
  name: text(255).optional().meta({
    description: 'Its file name, whose extension says the format; without one, the content does.',
    example: 'calls.csv',
  }),
});
export type SampleQuery = z.infer<typeof SampleQuery>;

/** One field of a sample. Source: E1. */
export const SampledField = z
  .object({
    name: z.string(),
    examples: z.array(z.string()),
    type: z.enum(FIELD_TYPES),
    formats: z.array(z.string()).meta({ description: 'For `instant`: date formats that read every value.' }),
    ambiguous: z
      .array(z.string())
      .optional()
      .meta({ description: 'Formats that read every value as different days: none of them was chosen.' }),
    filled: z.int().meta({ description: 'Sampled records in which it is not empty.' }),
    isNested: z.boolean(),
  })
  .meta({ id: 'SampledField' });

export const FlatName = z
  .object({ path: z.string(), name: z.string() })
  .meta({ id: 'FlatName', description: 'A nested value, and a flat name that is free.' });

/** What a sample teaches. `suggestion` may be published as it is, once nothing required is missing. Source: E1, E3. */
export const Sample = z
  .object({
    kind: SampleKind,
    format: z.enum(['json', 'xml', 'csv', 'yaml']),
    encoding: z.string(),
    delimiter: z.string().nullable(),
    rowCount: z.int(),
    system: z.string().nullable().meta({
      description:
        'The phone system whose export the sample is, by its field names: its preset is suggested.',
      example: 'aircall',
    }),
    fields: z.array(SampledField),
    nested: z.array(FlatName),
    suggestion: z.object({ fields: z.array(FieldMapping), options: MappingOptions }),
    issues: z
      .array(IssueView)
      .meta({ description: 'What could not be read, and what a person must decide.' }),
    warnings: z.array(IssueView),
  })
  .meta({ id: 'Sample' });
export type Sample = z.infer<typeof Sample>;
