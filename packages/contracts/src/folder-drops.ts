import { z } from 'zod';
import { Instant } from './common.ts';

/** A folder that another program leaves a tenant's files in. */
export const FolderDrop = z
  .object({
    state: z.enum(['provisioning', 'ready', 'failed']).meta({
      description:
        '`provisioning`: not scanned yet. `failed`: the folder cannot be scanned, as `message` says.',
    }),
    path: z.string().meta({ example: '/srv/callbay/acme', description: 'Files go into `data` below it.' }),
    message: z.string().nullable(),
    createdAt: Instant,
    scannedAt: Instant.nullable(),
    waiting: z.int().meta({ description: 'Files that still change, or that wait for room.' }),
    ignored: z
      .array(z.object({ name: z.string(), reason: z.string() }))
      .meta({ description: 'Entries that are not received, and why: the first 100.' }),
  })
  .meta({ id: 'FolderDrop' });
export type FolderDrop = z.infer<typeof FolderDrop>;

export const NewFolderDrop = z.strictObject({});
