import { z } from 'zod';
import { Instant, text, Uuid } from './common.ts';
import { CursorInstant, cursorOf, Limit, listOf } from './lists.ts';

export const NearMiss = z
  .object({ fileId: Uuid, name: z.string(), score: z.number().min(0).max(1), why: z.string() })
  .meta({ id: 'NearMiss' });
export type NearMiss = z.infer<typeof NearMiss>;

/** A call key that waits: for what, until when, and which waiting files look like its missing half. */
export const Hold = z
  .object({
    callKey: z.string(),
    reasons: z.array(
      z.object({
        code: z.string(),
        message: z.string(),
        field: z.string().optional(),
        matchIds: z.array(Uuid).optional(),
      }),
    ),
    waitingFor: z.enum(['metadata', 'recording', 'correction', 'crm', 'goLive', 'operator']),
    since: Instant,
    until: Instant.nullable(),
    fileIds: z.array(Uuid),
    nearMisses: z.array(NearMiss),
  })
  .meta({ id: 'Hold' });
export type Hold = z.infer<typeof Hold>;

export const HoldList = listOf(Hold);
export const HoldListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.tuple([CursorInstant, text(1024)])),
  waitingFor: Hold.shape.waitingFor.optional(),
});
export type HoldListQuery = z.infer<typeof HoldListQuery>;
