import { CRM_TYPES } from '@callbay/core';
import { z } from 'zod';
import { FieldValue, Instant, TenantParams, text, Uuid } from './common.ts';
import { cursorOf, Limit, listOf, Omitted } from './lists.ts';

export const CrmTypeName = z.enum(CRM_TYPES);

/** An id that stands in a field and means an object, which may not be here yet. Source: C26, case 88. */
export const CrmReferenceView = z
  .object({ type: CrmTypeName, externalId: z.string(), isResolved: z.boolean() })
  .meta({ id: 'CrmReference' });
export type CrmReferenceView = z.infer<typeof CrmReferenceView>;

/** One object of the tenant's CRM as its files last said. Source: C25. */
export const CrmObject = z
  .object({
    type: CrmTypeName,
    externalId: z.string().meta({ description: 'Salesforce ids in their form of 18 characters.' }),
    fields: z
      .record(z.string(), FieldValue)
      .meta({ description: 'Mapped fields by target, all others by column; null where the cell was empty.' }),
    references: z
      .record(z.string(), CrmReferenceView)
      .meta({ description: 'The objects that its fields refer to, by field.' }),
    updatedAt: Instant,
    fileId: Uuid.meta({ description: 'The file that changed it last.' }),
  })
  .meta({ id: 'CrmObject' });
export type CrmObject = z.infer<typeof CrmObject>;

/** A call's reference, with the object's fields of today beside the id that the metadata gave. */
export const CallCrmReference = CrmReferenceView.extend({
  fields: z.record(z.string(), FieldValue),
  updatedAt: Instant.nullable(),
  omitted: Omitted.optional().meta({ description: 'Of an object over 64 KiB: `fields` is empty here.' }),
}).meta({ id: 'CallCrmReference' });
export type CallCrmReference = z.infer<typeof CallCrmReference>;

/** A reference to an object that has not come. */
export const UnresolvedReference = z
  .object({
    from: z.object({
      type: z.enum(['calls', ...CRM_TYPES]),
      id: z.string().meta({ description: 'The call key, or the id of the object that refers.' }),
      callId: z.int().nullable(),
    }),
    field: z.string(),
    type: CrmTypeName,
    externalId: z.string(),
  })
  .meta({ id: 'UnresolvedReference' });
export type UnresolvedReference = z.infer<typeof UnresolvedReference>;

export const CrmListParams = TenantParams.extend({ type: CrmTypeName });
export const CrmObjectParams = CrmListParams.extend({ externalId: text(255) });
export const CrmObjectList = listOf(CrmObject);
export const CrmListQuery = z.strictObject({ limit: Limit, cursor: cursorOf(text(1024)) });
export const UnresolvedList = listOf(UnresolvedReference);
export const UnresolvedQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.tuple([text(64), text(2048), text(255)])),
});
