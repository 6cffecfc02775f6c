import { CRM_TYPES, EXTERNAL_ID, FIELD_TYPES, type Issue, issue } from '@callbay/core';
import { z } from 'zod';
import { Instant, TenantParams, text } from './common.ts';
import { CursorInteger, cursorOf, Limit, listOf } from './lists.ts';
import { report, reportMapping } from './rules.ts';

export const FieldMapping = z
  .strictObject({
    source: text(255),
    target: text(255),
    label: text(255).optional(),
    type: z.enum(FIELD_TYPES),
    formats: z.array(text(64)).max(20).optional(),
    required: z.boolean().optional(),
    aliases: z.record(text(255), text(255)).optional(),
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
  })
  .meta({ id: 'MappingOptions' });

export const NewMapping = z
  .strictObject({ fields: z.array(FieldMapping).max(1000), options: MappingOptions.optional() })
  .superRefine(({ fields, options = {} }, context) => {
    reportMapping(fields, options, context);
  });
export type NewMapping = z.infer<typeof NewMapping>;

/** What a mapping of CRM files lacks: their rows are told apart by one column. Source: C25. */
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
  })
  .meta({ id: 'Mapping' });
export type Mapping = z.infer<typeof Mapping>;

export const MappingParams = TenantParams.extend({ kind: MappingKind });
export const MappingList = listOf(Mapping);
export const MappingListQuery = z.strictObject({ limit: Limit, cursor: cursorOf(CursorInteger) });
