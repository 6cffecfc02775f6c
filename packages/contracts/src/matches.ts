import { z } from 'zod';
import { Instant, TenantParams, Uuid } from './common.ts';
import { CursorInstant, cursorOf, Limit, listOf } from './lists.ts';

/** `proposed` waits for a person; `auto` was beyond doubt; the others were decided by one. */
export const MatchState = z.enum(['proposed', 'auto', 'accepted', 'refused']);
export type MatchState = z.infer<typeof MatchState>;

/** A record and an external recording that may be one call, with what each shared field says for it. Source: C20. */
export const Match = z
  .object({
    id: Uuid,
    state: MatchState,
    isAmbiguous: z.boolean().meta({ description: 'Another pair fits as well, so that none was picked.' }),
    score: z.number().meta({ description: 'Bits of evidence: the sum of the contributions.' }),
    contributions: z.array(
      z.object({ field: z.string(), level: z.string(), bits: z.number(), why: z.string() }),
    ),
    record: z.object({ fileId: Uuid, row: z.int(), name: z.string() }),
    recording: z.object({ fileId: Uuid, source: z.string(), id: z.string() }),
    proposedAt: Instant,
    decidedAt: Instant.nullable(),
    decidedBy: z.string().nullable(),
  })
  .meta({ id: 'Match' });
export type Match = z.infer<typeof Match>;

export const MatchParams = TenantParams.extend({ matchId: Uuid });
export const MatchList = listOf(Match);
export const MatchListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.tuple([CursorInstant, Uuid])),
  state: MatchState.optional(),
  fileId: Uuid.optional().meta({ description: 'Matches of this record file or external recording.' }),
});
export type MatchListQuery = z.infer<typeof MatchListQuery>;
