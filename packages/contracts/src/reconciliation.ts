import { z } from 'zod';
import { AlertExample } from './alerts.ts';
import { Instant } from './common.ts';

export const Day = z.iso
  .date({ error: 'A day such as `2026-03-01`.' })
  .refine((day) => day >= '1900-01-01', { error: 'A day from 1900 on.' })
  .meta({ example: '2026-03-01' });

/** How the rows of the batches received on a day stand: each is counted once. */
const RowCounts = z.object({
  received: z.int().meta({ description: 'The first 1,000,000 of the day.' }),
  surfaced: z.int(),
  otherDone: z.int(),
  held: z.int(),
  rejected: z.int(),
  pending: z.int(),
  unaccounted: z.int(),
  byCode: z.record(z.string(), z.int()),
});
export type RowCounts = z.infer<typeof RowCounts>;

/** How the files received on a day stand: each is counted once. */
export const ReconciliationCounts = z
  .object({
    received: z.int(),
    surfaced: z.int(),
    otherDone: z
      .int()
      .meta({ description: 'Done without a call of their own: updates, duplicates, CRM files.' }),
    held: z.int(),
    rejected: z.int(),
    withdrawn: z.int(),
    pending: z.int().meta({ description: 'Received within the last hour and not judged yet.' }),
    unaccounted: z.int().meta({ description: 'In no outcome, or surfaced without a visible call.' }),
    byCode: z.record(z.string(), z.int()),
    rows: RowCounts.optional().meta({ description: 'Of batches; absent where none was received.' }),
  })
  .meta({ id: 'ReconciliationCounts' });
export type ReconciliationCounts = z.infer<typeof ReconciliationCounts>;

/** One day of a tenant, by its own clocks. */
export const Reconciliation = z
  .object({
    day: Day,
    timeZone: z.string().meta({ description: 'The tenant’s; UTC where it has none.' }),
    from: Instant,
    until: Instant,
    isBalanced: z.boolean().meta({
      description:
        'received = surfaced + otherDone + held + rejected + withdrawn + pending, of files and of rows',
    }),
    counts: ReconciliationCounts,
    unaccountedFiles: z
      .array(AlertExample)
      .meta({ description: 'By name, 100 at most; with `rows`: that number of rows of the batch.' }),
    atClose: z
      .object({ storedAt: Instant, counts: ReconciliationCounts })
      .nullable()
      .meta({ description: 'The same as it was stored after the day ended.' }),
  })
  .meta({ id: 'Reconciliation' });
export type Reconciliation = z.infer<typeof Reconciliation>;

export const ReconciliationQuery = z.strictObject({
  day: Day.optional().meta({ description: 'Yesterday, by the tenant’s clocks, unless given.' }),
});
