import { z } from 'zod';
import { Instant, TenantId, Uuid } from './common.ts';

/** One thing that happened to a call. Events of one tenant are numbered by `sequence` in commit order. */
export const EventView = z
  .object({
    eventId: Uuid,
    sequence: z.int(),
    tenantId: TenantId,
    type: z.string(),
    at: Instant,
    callKey: z.string(),
    revision: z.int(),
    payload: z.unknown(),
  })
  .meta({ id: 'Event' });
export type EventView = z.infer<typeof EventView>;

/** An event stream's resume header: the `id` of the last event that was seen. */
export const EventHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{1,15}$/, 'Send the id of an event of this stream.')
    .optional(),
});
