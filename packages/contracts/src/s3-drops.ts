import { z } from 'zod';
import { Instant, text } from './common.ts';

/** A bucket that a tenant's files come into. */
export const S3Drop = z
  .object({
    state: z.enum(['provisioning', 'ready', 'failed']).meta({
      description:
        '`failed`: a step failed, or the bucket does not work any more as it was set up, as `message` says. Ask for the same again to go on.',
    }),
    access: z.enum(['user', 'principal']),
    principalArn: z.string().nullable(),
    bucket: z.string(),
    region: z.string(),
    endpoint: z.string().nullable().meta({ description: 'Null for AWS itself.' }),
    prefix: z.string().meta({ description: 'Keys begin with it: files go to `<prefix>data/`.' }),
    accessKeyId: z.string().optional(),
    secretAccessKey: z.string().optional().meta({ description: 'Shown once, as the key is made.' }),
    webhookUrl: z.string().nullable().meta({
      description:
        'Where a server that is not AWS may push its events. Whoever knows it can have objects looked at.',
    }),
    message: z.string().nullable(),
    createdAt: Instant,
    listedAt: Instant.nullable().meta({ description: 'When the bucket was last listed to its end.' }),
    ignored: z.int().meta({ description: 'Objects under temporary names, as the last listing found.' }),
    steps: z.array(
      z.object({
        step: z.string(),
        state: z.enum(['done', 'skipped', 'failed']),
        code: z.string().optional(),
        message: z.string().optional(),
        at: Instant,
      }),
    ),
    documents: z.record(z.string(), z.unknown()).optional().meta({
      description: 'Of a dry run: the policies and configurations that would be written.',
    }),
  })
  .meta({ id: 'S3Drop' });
export type S3Drop = z.infer<typeof S3Drop>;

export const NewS3Drop = z
  .strictObject({
    access: z.enum(['user', 'principal']).meta({
      description:
        '`user`: a user of ours, whose key is in the answer. `principal`: a user or role of the customer’s.',
    }),
    principalArn: text(2_048).optional().meta({ example: 'arn:aws:iam::123456789012:role/recorder' }),
    allowAccountRoot: z.boolean().default(false),
    dryRun: z.boolean().default(false).meta({ description: 'Only answer what would be written.' }),
  })
  .meta({ id: 'NewS3Drop' });
export type NewS3Drop = z.infer<typeof NewS3Drop>;

export const NewS3Key = z.strictObject({
  keepPrevious: z.boolean().default(false).meta({
    description: 'Leave the key before in force until the next rotation.',
  }),
});

/** The longest event that is taken, in bytes. */
export const S3_EVENT_BYTES = 65_536;
