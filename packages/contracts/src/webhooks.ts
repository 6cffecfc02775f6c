import { EVENT_TYPES, MAX_WEBHOOK_URL } from '@callbay/core';
import { z } from 'zod';
import { Instant, InstantInput, TenantId, text, Uuid } from './common.ts';
import { CursorInstant, cursorOf, Limit, listOf } from './lists.ts';

const EventTypeName = z.enum(EVENT_TYPES);

const EventTypes = z
  .array(EventTypeName)
  .min(1)
  .max(EVENT_TYPES.length)
  .refine((types) => new Set(types).size === types.length, { error: 'A type stands here twice.' });

/** Why the next event is not delivered. */
const Failing = z.object({
  since: Instant,
  attempts: z.int(),
  code: z.string(),
  message: z.string(),
  fix: z.string(),
  nextAttemptAt: Instant.nullable(),
});

/** An address that a tenant's events are posted to. */
export const Webhook = z
  .object({
    id: Uuid,
    label: z.string().nullable(),
    url: z.string(),
    events: z.array(EventTypeName),
    state: z.enum(['active', 'paused', 'disabled']).meta({
      description:
        '`disabled`: deliveries failed for three days, or cannot succeed; set it to `active` to go on.',
    }),
    unread: z.int().meta({ description: 'Events that wait, counted up to 100,000.' }),
    replaying: z.boolean().meta({ description: 'Events are being sent again, before those that wait.' }),
    failing: Failing.nullable(),
    lastDeliveredAt: Instant.nullable(),
    disabledAt: Instant.nullable(),
    oldSecretUntil: Instant.nullable().meta({
      description: 'Until then the secret before the last rotation signs too.',
    }),
    createdAt: Instant,
    updatedAt: Instant,
    secret: z.string().optional().meta({ description: 'Shown once: when it is made.', example: 'whsec_…' }),
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof Webhook>;

export const WebhookList = listOf(Webhook);
export const WebhookListQuery = z.strictObject({ limit: Limit, cursor: cursorOf(Uuid) });

export const NewWebhook = z.strictObject({
  url: text(MAX_WEBHOOK_URL),
  label: text(200).nullable().default(null),
  events: EventTypes.default(EVENT_TYPES),
});
export type NewWebhook = z.output<typeof NewWebhook>;

const DAY_SECONDS = 86_400;

export const WebhookChange = z.strictObject({
  url: text(MAX_WEBHOOK_URL).optional(),
  label: text(200).nullable().optional(),
  events: EventTypes.optional(),
  state: z.enum(['active', 'paused']).optional(),
  rotateSecret: z
    .literal(true)
    .optional()
    .meta({ description: 'Makes a new secret, shown once in the answer.' }),
  oldSecretSeconds: z
    .int()
    .min(0)
    .max(30 * DAY_SECONDS)
    .default(DAY_SECONDS)
    .meta({ description: 'For how long the old secret signs too, after a rotation.' }),
});
export type WebhookChange = z.output<typeof WebhookChange>;

export const WebhookParams = z.object({ tenantId: TenantId, webhookId: Uuid });

/** What became of one event. */
export const WebhookDelivery = z
  .object({
    sequence: z.int(),
    eventId: Uuid,
    type: EventTypeName,
    isReplay: z.boolean(),
    state: z.enum(['delivered', 'retrying', 'failed']),
    attempts: z.int(),
    firstAttemptAt: Instant,
    lastAttemptAt: Instant,
    durationMs: z.int().meta({ description: 'Of the last attempt.' }),
    status: z.int().nullable().meta({ description: 'HTTP status of the last answer; null without one.' }),
    code: z.string().nullable(),
    message: z.string().nullable(),
    fix: z.string().nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const WebhookDeliveryList = listOf(WebhookDelivery);
export const WebhookDeliveryListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.tuple([CursorInstant, z.int().min(0), z.boolean()])),
  state: WebhookDelivery.shape.state.optional(),
});
export type WebhookDeliveryListQuery = z.infer<typeof WebhookDeliveryListQuery>;

/** A span of time whose events are sent again. */
export const EventReplay = z
  .strictObject({
    from: InstantInput,
    to: InstantInput.optional().meta({ description: 'Exclusive; until now unless given.' }),
  })
  .refine(({ from, to }) => to === undefined || Date.parse(from) < Date.parse(to), {
    error: '`to` must be after `from`.',
    path: ['to'],
  });
export type EventReplay = z.infer<typeof EventReplay>;

export const EventReplayStarted = z
  .object({ events: z.int().meta({ description: 'Events of the span that are sent again.' }) })
  .meta({ id: 'EventReplayStarted' });
export type EventReplayStarted = z.infer<typeof EventReplayStarted>;
