import { isOutcomeCode } from '@callbay/core';
import { z } from 'zod';
import { InstantInput } from './common.ts';
import { CursorInteger, cursorOf } from './lists.ts';

const Position = z.strictObject({
  part: z.enum(['files', 'rows', 'calls']),
  after: z.int(),
  /** Of rows: which one of the batch at `after`. */
  row: CursorInteger.optional(),
});
export type ReplayPosition = z.infer<typeof Position>;

/** Which files, rows of batches and calls to read again by the newest field mapping. At least one filter is needed. Source: E3. */
export const ReplayRequest = z
  .strictObject({
    code: z
      .string()
      .max(64)
      .refine(isOutcomeCode, { error: 'Not an outcome code.', params: { code: 'VALUE_NOT_ALLOWED' } })
      .optional()
      .meta({
        description: 'The outcome of the files or rows, such as `SCHEMA_DRIFT`.',
        example: 'SCHEMA_DRIFT',
      }),
    receivedFrom: InstantInput.optional(),
    receivedTo: InstantInput.optional().meta({ description: 'Exclusive.' }),
    mappingVersion: z
      .int()
      .min(1)
      .max(2_147_483_647)
      .optional()
      .meta({ description: 'The version that rejected the file or row, or that the call speaks by now.' }),
    dryRun: z.boolean().optional().meta({ description: 'Only count.' }),
    cursor: cursorOf(Position),
  })
  .superRefine(({ code, receivedFrom, receivedTo, mappingVersion }, context) => {
    if ([code, receivedFrom, receivedTo, mappingVersion].some((filter) => filter !== undefined)) return;
    context.addIssue({
      code: 'custom',
      message: 'Name at least one of code, receivedFrom, receivedTo, mappingVersion.',
      params: { code: 'REQUIRED' },
    });
  })
  .meta({ id: 'ReplayRequest' });
export type ReplayRequest = z.infer<typeof ReplayRequest>;

/** One batch of at most 500; send `nextCursor` with the same filters until it is null. */
export const ReplayResult = z
  .object({
    dryRun: z.boolean(),
    replayed: z
      .int()
      .meta({ description: 'Files and rows judged again, and calls that get a new revision.' }),
    skipped: z
      .int()
      .meta({ description: 'Those that cannot be replayed, or that the mapping would refuse.' }),
    skippedByCode: z.record(z.string(), z.int()),
    unchanged: z.int().meta({ description: 'Calls that the newest mapping reads to the same values.' }),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'ReplayResult' });
export type ReplayResult = z.infer<typeof ReplayResult>;
