import { ALERT_TABLE, type AlertKind, MAX_WEBHOOK_URL } from '@callbay/core';
import { z } from 'zod';
import { Instant, text, Uuid } from './common.ts';
import { CursorInstant, cursorOf, Limit, listOf } from './lists.ts';

const DigestEveryMinutes = z.int().min(5).max(10_080);

/** Who is notified of alerts, and how often at most. */
export const AlertSettings = z
  .object({
    emails: z.array(z.string()),
    webhookUrl: z.string().nullable(),
    digestEveryMinutes: z.int(),
  })
  .meta({ id: 'AlertSettings' });

/** Whether the webhook's address is allowed is judged by the route, which knows the operator's ranges. */
export const AlertSettingsChange = z.strictObject({
  emails: z
    .array(z.email({ error: 'Not an e-mail address.' }).max(254))
    .max(20)
    .refine((emails) => new Set(emails.map((email) => email.toLowerCase())).size === emails.length, {
      error: 'An address stands here twice.',
    })
    .optional(),
  webhookUrl: text(MAX_WEBHOOK_URL).nullable().optional(),
  digestEveryMinutes: DigestEveryMinutes.optional(),
});

const KINDS = Object.keys(ALERT_TABLE) as [AlertKind, ...AlertKind[]];

export const AlertExample = z.object({
  fileId: Uuid,
  name: z.string(),
  code: z.string().nullable(),
  receivedAt: Instant,
  rows: z
    .int()
    .optional()
    .meta({ description: 'How many rows of this batch; absent: it is the file itself.' }),
});

/** Something that is, or was, wrong with a tenant's feed. Source: C2. */
export const Alert = z
  .object({
    id: Uuid,
    kind: z.enum(KINDS),
    subject: z.string(),
    state: z.enum(['open', 'resolved']),
    message: z.string(),
    fix: z.string(),
    count: z.int(),
    examples: z.array(AlertExample),
    openedAt: Instant,
    updatedAt: Instant,
    resolvedAt: Instant.nullable(),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof Alert>;

export const AlertList = listOf(Alert);
export const AlertListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.tuple([CursorInstant, Uuid])),
  state: Alert.shape.state.optional(),
  kind: Alert.shape.kind.optional(),
});
export type AlertListQuery = z.infer<typeof AlertListQuery>;

/** One digest on its way to one recipient. */
export const AlertDelivery = z
  .object({
    id: Uuid,
    digestId: Uuid,
    channel: z.enum(['email', 'webhook']),
    target: z.string().meta({ description: 'The e-mail address, or the host of the webhook.' }),
    state: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    createdAt: Instant,
    nextAttemptAt: Instant.nullable(),
    deliveredAt: Instant.nullable(),
    code: z.string().nullable().meta({ description: 'Why the last attempt failed.' }),
    message: z.string().nullable(),
    fix: z.string().nullable(),
  })
  .meta({ id: 'AlertDelivery' });
export type AlertDelivery = z.infer<typeof AlertDelivery>;

export const AlertDeliveryList = listOf(AlertDelivery);
export const AlertDeliveryListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.tuple([CursorInstant, Uuid])),
  state: AlertDelivery.shape.state.optional(),
});
export type AlertDeliveryListQuery = z.infer<typeof AlertDeliveryListQuery>;

/** What webhooks are signed with; shown this once. */
export const CreatedWebhookSecret = z.object({ secret: z.string() }).meta({ id: 'CreatedWebhookSecret' });
export type CreatedWebhookSecret = z.infer<typeof CreatedWebhookSecret>;

/** The deliveries of a test alert, as they are before the first attempt. */
export const TestAlert = z.object({ deliveries: z.array(AlertDelivery) }).meta({ id: 'TestAlert' });
export type TestAlert = z.infer<typeof TestAlert>;
export const NewTestAlert = z.strictObject({});

export const NewWebhookSecret = z.strictObject({});
