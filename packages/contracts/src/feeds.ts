import { EVENT_TYPES, FEED_COMPRESSIONS, SASL_MECHANISMS, STRICT_EVENTS } from '@callbay/core';
import { z } from 'zod';
import { Instant, InstantInput, text } from './common.ts';

const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?):([1-9]\d{0,4})$/i;
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const EventTypeName = z.enum(EVENT_TYPES);

const Ids = z
  .record(text(200), z.int())
  .refine((ids) => Object.keys(ids).length <= 100, { error: 'At most 100.' });
const Names = z.array(text(1_000)).min(1).max(1_000).nullable();

const settings = {
  brokers: z
    .array(z.string().regex(HOST_AND_PORT, 'Write a broker as `host:port`.'))
    .min(1)
    .max(20)
    .meta({ example: ['kafka-1.example.com:9093'] }),
  topic: z
    .string()
    .regex(TOPIC, 'Letters, digits, `.`, `_` and `-`, at most 249.')
    .refine((topic) => topic !== '.' && topic !== '..', { error: 'This is not a name of a topic.' }),
  tls: z
    .strictObject({ ca: text(100_000).nullable().default(null) })
    .nullable()
    .default({ ca: null })
    .meta({ description: 'Encryption; `ca` holds certificates in PEM. Null: none.' }),
  compression: z.enum(FEED_COMPRESSIONS).default('none'),
  envelope: z.enum(['strict', 'extended']).default('strict').meta({
    description:
      '`strict`: bodies exactly as the Data Feeder writes them. `extended`: more fields and events.',
  }),
  events: z.array(EventTypeName).min(1).max(EVENT_TYPES.length).optional(),
  directionIds: Ids.default({}).meta({
    description: 'Direction to `DirectionId`.',
    example: { inbound: 1285 },
  }),
  releasingPartyIds: Ids.default({}).meta({
    description: 'Value of `releasingParty` to `ReleasingPartyId`.',
  }),
  departmentId: z.int().nullable().default(null),
  filter: z
    .strictObject({ directions: Names.default(null), users: Names.default(null) })
    .default({ directions: null, users: null })
    .meta({ description: 'Only calls of these directions and users.' }),
  maxMessageBytes: z.int().min(10_000).max(100_000_000).default(1_000_000),
  state: z.enum(['active', 'paused']).default('active'),
};

const Sasl = { mechanism: z.enum(SASL_MECHANISMS), username: text(500) };

/** The settings of a feed, as they are sent. */
export const NewFeed = z
  .strictObject({
    ...settings,
    sasl: z
      .strictObject({
        ...Sasl,
        password: text(4_096).optional().meta({ description: 'May be left out where it stays the same.' }),
      })
      .nullable()
      .default(null),
    from: InstantInput.optional().meta({
      description: 'Where a new feed begins, up to 30 days ago; now unless given.',
    }),
  })
  .superRefine(({ envelope, events }, context) => {
    for (const [n, type] of (events ?? []).entries()) {
      if (envelope !== 'strict' || STRICT_EVENTS.includes(type)) continue;
      context.addIssue({
        code: 'custom',
        path: ['events', n],
        message: `A strict feed has no message for ${type}: choose \`extended\`.`,
      });
    }
  });
export type NewFeed = z.output<typeof NewFeed>;

/** The same as it is shown: no password. */
export const Feed = z
  .object({
    ...settings,
    events: z.array(EventTypeName),
    sasl: z.object({ ...Sasl, hasPassword: z.boolean() }).nullable(),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Feed' });
export type Feed = z.output<typeof Feed>;

export const FeedStatus = z
  .object({
    state: z.enum(['active', 'paused']),
    lag: z.object({
      events: z.int().meta({ description: 'Unread events, counted up to 100,000.' }),
      since: Instant.nullable().meta({ description: 'When the oldest of them happened.' }),
    }),
    missed: z.int().meta({ description: 'Events that were removed for their age before they were sent.' }),
    sent: z.int(),
    reduced: z.int().meta({ description: 'Messages that were too large and went out without parts.' }),
    replaying: z.boolean(),
    lastSentAt: Instant.nullable(),
    failing: z
      .object({
        since: Instant,
        attempts: z.int(),
        code: z.string(),
        message: z.string(),
        fix: z.string(),
        nextAttemptAt: Instant.nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'FeedStatus' });
export type FeedStatus = z.infer<typeof FeedStatus>;

/** What a test of the connection found. */
export const FeedTest = z
  .object({
    ok: z.boolean(),
    brokers: z.int().nullable(),
    partitions: z.int().nullable(),
    code: z.string().nullable(),
    message: z.string().nullable(),
    fix: z.string().nullable(),
  })
  .meta({ id: 'FeedTest' });
export type FeedTest = z.infer<typeof FeedTest>;

export const NewFeedTest = z.strictObject({});
