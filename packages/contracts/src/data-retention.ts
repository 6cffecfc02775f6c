import { z } from 'zod';
import { Instant } from './common.ts';
import { cursorOf, Limit, listOf } from './lists.ts';

const Days = z.int().min(1).max(36_500).nullable();

/** What a data retention removes, as things stand. Source: E5, case 57. */
export const DataRetentionPreview = z
  .object({
    policy: z.object({ evaluatedDays: Days, notEvaluatedDays: Days }),
    calls: z.int().meta({ description: 'All that there are.' }),
    removed: z.int(),
    removedEvaluated: z.int(),
    removedNotEvaluated: z.int(),
    keptByLegalHold: z.int().meta({ description: 'Old enough, and kept all the same.' }),
    oldestStartedAt: Instant.nullable(),
    callIds: z.array(z.int()).meta({ description: 'The first 100 of `removed`, oldest first.' }),
    wantsConfirmation: z.boolean().meta({
      description: 'Setting this policy asks for `?confirm=true`, because it deletes calls.',
    }),
  })
  .meta({ id: 'DataRetentionPreview' });
export type DataRetentionPreview = z.infer<typeof DataRetentionPreview>;

const DaysParameter = z
  .union([
    z.literal('null').transform(() => null),
    z
      .string()
      .regex(/^\d{1,5}$/, 'A number of days, or `null` for ever.')
      .transform(Number)
      .pipe(z.int().min(1).max(36_500)),
  ])
  .optional()
  .meta({ description: 'Days, or `null` for ever; what is set unless given.' });

export const DataRetentionPreviewQuery = z.strictObject({
  evaluatedDays: DaysParameter,
  notEvaluatedDays: DaysParameter,
});

/** What is left of a deleted call. */
export const DeletedCall = z
  .object({
    callId: z.int(),
    deletedAt: Instant,
    reason: z.enum(['EVALUATED_EXPIRED', 'NOT_EVALUATED_EXPIRED']),
    policy: z.object({ evaluatedDays: Days, notEvaluatedDays: Days }),
    changeSeq: z.int(),
  })
  .meta({ id: 'DeletedCall' });
export type DeletedCall = z.infer<typeof DeletedCall>;

export const DeletedCallList = listOf(DeletedCall);
export const DeletedCallQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.int()),
  changedAfter: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional().meta({
    example: 0,
    description: 'Deletions whose changeSeq is greater.',
  }),
});
