import { z } from 'zod';
import { Instant, InstantInput, Uuid } from './common.ts';
import { CursorInstant, cursorOf, Limit, listOf } from './lists.ts';

/** One file that the purge of the drop will take. Source: C5. */
export const PurgePreviewItem = z
  .object({
    fileId: Uuid,
    name: z.string(),
    state: z.string(),
    code: z.string().nullable(),
    receivedAt: Instant,
    purgeAt: Instant,
    keptByCall: z.boolean().meta({ description: 'The bytes stay as the media of a call.' }),
  })
  .meta({ id: 'PurgePreviewItem' });
export type PurgePreviewItem = z.infer<typeof PurgePreviewItem>;

export const PurgePreviewList = listOf(PurgePreviewItem).extend({ until: Instant });
export const PurgePreviewQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.tuple([CursorInstant, Uuid])),
  until: InstantInput.optional().meta({ description: 'A day from now unless given.' }),
});
