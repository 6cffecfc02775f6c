import { CRM_TYPES, DURATION_UNITS, EXTERNAL_ID, FIELD_TYPES, type Issue, issue } from '@callbay/core';
import { z } from 'zod';
import { Instant, IssueView, TenantParams, text } from './common.ts';
import { CursorInteger, cursorOf, Limit, listOf } from './lists.ts';
import { report, reportMapping } from './rules.ts';

const SourceTerm = z.union([
  text(255),
  z.strictObject({ join: z.array(text(255)).max(20), with: z.string().max(20).optional() }),
  z.strictObject({ constant: z.string().max(255) }),
]);

export const FieldSource = z.union([SourceTerm, z.array(SourceTerm).max(20)]).meta({
  id: 'FieldSource',
  description:
    'A field of the file; several joined by `with` (a blank); a constant; or a list, of which the first with a value counts.',
});

export const FieldMapping = z
  .strictObject({
    source: FieldSource,
    target: text(255),
    label: text(255).optional(),
    type: z.enum(FIELD_TYPES),
    formats: z.array(text(64)).max(20).optional(),
    required: z.boolean().optional(),
    aliases: z.record(text(255), text(255)).optional(),
    durationUnit: z.enum(DURATION_UNITS).optional().meta({
      description: 'Of a `duration`: what a plain number counts, or the one clock form. Absent: seconds.',
    }),
  })
  .meta({ id: 'FieldMapping' });

export const MappingOptions = z
  .strictObject({
    emptyWords: z.array(text(64)).max(50).optional(),
    defaultCountry: z
      .string()
      .regex(/^[A-Z]{2}$/, 'Two capital letters, such as `US`.')
      .optional(),
    manyRecords: z.boolean().optional(),
    records: text(255).optional().meta({
      description: 'Path to the list of records inside a JSON, XML or YAML document.',
      example: 'calls',
    }),
    nested: z.enum(['refuse', 'keep']).optional().meta({
      description: 'Nested values that no row names: refused (the default), or kept under their paths.',
    }),
    ignore: z
      .array(z.strictObject({ source: text(255), equals: z.array(z.string().max(255)).max(500) }))
      .max(100)
      .optional()
      .meta({
        description: 'Records that make no call, such as missed calls. Words are compared without case.',
      }),
    encoding: z.string().max(40).optional().meta({
      description: 'Of files that do not say it themselves. Absent: the setting of the tenant.',
      example: 'windows-1250',
    }),
  })
  .meta({ id: 'MappingOptions' });

export const NewMapping = z
  .strictObject({ fields: z.array(FieldMapping).max(1000), options: MappingOptions.optional() })
  .superRefine(({ fields, options = {} }, context) => {
    reportMapping(fields, options, context);
  });
export type NewMapping = z.infer<typeof NewMapping>;

/** What a mapping of CRM files lacks: one column distinguishes their rows. Source: C25. */
export function checkCrmFields(fields: NewMapping['fields']): Issue[] {
  if (fields.some(({ target, type }) => target === EXTERNAL_ID && type === 'id')) return [];
  const message = `Map the column that holds the object's unique id to ${EXTERNAL_ID}, of type id.`;
  return [issue('MAPPING_INVALID', message, 'fields')];
}

/** What a mapping reads: call metadata, or one type of CRM file. */
export const MappingKind = z.enum(['call', ...CRM_TYPES]);
export type MappingKind = z.infer<typeof MappingKind>;

export const NewCrmMapping = NewMapping.superRefine(({ fields }, context) => {
  for (const found of checkCrmFields(fields)) report(context, found, ['fields']);
});

/** One published version of a tenant's field mapping. Source: C17, E3. */
export const Mapping = z
  .object({
    kind: MappingKind,
    version: z.int(),
    publishedAt: Instant,
    fields: z.array(FieldMapping),
    options: MappingOptions,
    warnings: z.array(IssueView).optional().meta({
      description: 'Of a version that was just published: what is odd about it.',
    }),
  })
  .meta({ id: 'Mapping' });
export type Mapping = z.infer<typeof Mapping>;

export const MappingParams = TenantParams.extend({ kind: MappingKind });
export const MappingList = listOf(Mapping);
export const MappingListQuery = z.strictObject({ limit: Limit, cursor: cursorOf(CursorInteger) });

export const MappingRollback = z
  .strictObject({
    version: z.int().min(1).meta({ description: 'Whose fields and options are published again.' }),
  })
  .meta({ id: 'MappingRollback' });
