import { z } from 'zod';
import { Instant, InstantInput, IssueView, TenantParams, text, Uuid } from './common.ts';
import { CursorInstant, CursorInteger, cursorOf, Limit, listOf } from './lists.ts';

export const FileKind = z.enum(['recording', 'sidecar', 'batch', 'crm', 'bundle', 'transcript', 'unknown']);
export const FileState = z.enum(['received', 'held', 'done', 'rejected', 'withdrawn']);

/** One whole version of one file as received, and what became of it. */
export const FileView = z
  .object({
    id: Uuid,
    drop: z.string(),
    bucket: z
      .string()
      .optional()
      .meta({ description: 'Of a file that came into a bucket: where its object is.' }),
    key: z.string().optional(),
    versionId: z.string().optional(),
    path: z.string().meta({ description: 'Where the customer put it.' }),
    name: z.string(),
    kind: FileKind.nullable(),
    sizeBytes: z.int(),
    sha256: z.string().nullable(),
    receivedAt: Instant.meta({ description: 'When it arrived; of an object, when its version was made.' }),
    seenAt: Instant.meta({
      description: 'When it was taken in: later than it arrived only for what was found late.',
    }),
    state: FileState,
    outcome: z.object({ code: z.string(), message: z.string(), fix: z.string(), at: Instant }).nullable(),
    warnings: z.array(IssueView),
    location: z.string().nullable().meta({
      description: 'Where it shows in the drop, or last showed; null for what rests elsewhere.',
    }),
    callKey: z.string().nullable(),
    callId: z.int().nullable(),
    updatesAcceptedUntil: Instant.nullable(),
    purgeAt: Instant.nullable().meta({
      description: 'When it leaves the drop, if not removed sooner; null for what holds no bytes of ours.',
    }),
    purgedAt: Instant.nullable(),
    hints: z.array(z.string()).optional().meta({
      description:
        'Waiting files that may be its other half, and what differs. Of one file and in receipts; absent in lists, and where there are none.',
    }),
  })
  .meta({ id: 'File' });
export type FileView = z.infer<typeof FileView>;

export const Explanation = z
  .object({
    file: FileView,
    steps: z.array(
      z.object({
        at: Instant,
        step: z.string(),
        code: z.string().nullable(),
        message: z.string(),
        detail: z.record(z.string(), z.unknown()),
      }),
    ),
    nextCursor: z.string().nullable().meta({ description: 'Null where all later steps are here.' }),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof Explanation>;

/** Steps are many only where a file was replayed many times. */
export const ExplanationQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
  cursor: cursorOf(z.tuple([CursorInstant, z.int()])),
});
export type ExplanationQuery = z.infer<typeof ExplanationQuery>;

export const FileParams = TenantParams.extend({ fileId: Uuid });
export const FileList = listOf(FileView);
export const FileListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.int()),
  state: FileState.optional(),
  kind: FileKind.optional(),
  code: z.string().max(64).optional(),
  name: text(255).optional(),
  q: text(255).optional().meta({ description: 'A part of the name, in upper or lower case.' }),
  from: InstantInput.optional().meta({ description: 'Received then or later.' }),
  to: InstantInput.optional().meta({ description: 'Received before.' }),
  sentBy: text(64).optional().meta({ description: 'The SFTP user who sent it.' }),
});
export type FileListQuery = z.infer<typeof FileListQuery>;

/** One call of a file that holds several, and what became of it. */
export const BatchRow = z
  .object({
    row: z.int().meta({ description: 'Which of the calls it is, from 1.' }),
    line: z.int().meta({ description: 'Line of a CSV; in a list, which entry it is.' }),
    state: FileState,
    code: z.string().nullable().meta({ description: 'Null until its call has been decided.' }),
    message: z.string().nullable(),
    callKey: z.string().nullable(),
    callId: z.int().nullable(),
  })
  .meta({ id: 'BatchRow' });
export type BatchRow = z.infer<typeof BatchRow>;

export const BatchRowList = listOf(BatchRow);
export type BatchRowList = z.infer<typeof BatchRowList>;
export const BatchRowListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(CursorInteger),
  state: FileState.optional(),
  code: z.string().max(64).optional(),
  format: z.enum(['json', 'csv']).default('json').meta({
    description: '`csv`: all rows, 100,000 at most, with the fields as the file gave them.',
  }),
});
export type BatchRowListQuery = z.infer<typeof BatchRowListQuery>;
