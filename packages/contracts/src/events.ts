import type { TenantEvent } from '@callbay/core';
import { z } from 'zod';
import { FieldValue, Instant, IssueView, TenantId, Uuid } from './common.ts';

const envelope = {
  eventId: Uuid,
  sequence: z.int().meta({ description: 'Grows within one tenant, in commit order, with gaps.' }),
  tenantId: TenantId,
  at: Instant,
  callKey: z.string(),
  callId: z.int(),
  revision: z.int(),
};

const CallEventData = z
  .object({
    changed: z
      .record(z.string(), z.tuple([FieldValue, FieldValue]))
      .meta({ description: 'Field to its value before and after.' }),
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    direction: z.string().nullable(),
    user: z.string().nullable(),
    durationSeconds: z.number().nullable(),
    fields: z.record(z.string(), FieldValue),
    raw: z.record(z.string(), z.string()),
    mappingVersion: z.int(),
    warnings: z.array(IssueView),
  })
  .meta({ id: 'CallEventData', description: 'The content of the call at this revision.' });

/** Everything that can happen to a call. Events of one tenant are numbered by `sequence` in commit order. */
export const EventView = z
  .discriminatedUnion('type', [
    z.object({ ...envelope, type: z.literal('call.surfaced'), data: CallEventData }),
    z.object({ ...envelope, type: z.literal('call.updated'), data: CallEventData }),
    z.object({ ...envelope, type: z.literal('call.deleted'), data: z.object({ callId: z.int() }) }),
  ])
  .meta({ id: 'Event' }) satisfies z.ZodType<TenantEvent>;
export type EventView = z.infer<typeof EventView>;

/** An event stream's resume header: the `id` of the last event that was seen. */
export const EventHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{1,15}$/, 'Send the id of an event of this stream.')
    .optional(),
});
