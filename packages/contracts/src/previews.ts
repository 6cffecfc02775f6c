import { z } from 'zod';
import { IssueView, text, Uuid } from './common.ts';
import { NewMapping } from './mappings.ts';

const MAX_PREVIEW_FILES = 200;

/** The most bytes that a request with a sample may have: base64 makes a third more of them. */
export const PREVIEW_BYTES = 2 * 2 ** 20;

const PreviewSample = z
  .strictObject({
    text: z.string().min(1).optional().meta({ description: 'The file as text.' }),
    base64: z.base64().min(1).optional().meta({
      description:
        'The bytes of the file, whose encoding is then read and reported as that of a file that arrives.',
    }),
    name: text(255).optional().meta({ description: 'Its file name; the extension says the format.' }),
  })
  .refine((sample) => (sample.text === undefined) !== (sample.base64 === undefined), {
    error: 'Send either `text` or `base64`.',
  })
  .meta({ description: 'With the rest of the request at most 2 MiB.' });
export type PreviewSample = z.infer<typeof PreviewSample>;

const SampleEncoding = z.string().meta({
  description:
    'What the bytes were read as. An encoding that neither the file nor a setting names is also a warning.',
  example: 'utf-8',
});
const SampleWarnings = z.array(IssueView).meta({
  description: 'About the sample itself, such as `ENCODING_ASSUMED`.',
});

/** A draft to try on a sample, on the last files that really came, or on both. Source: E3. */
export const PreviewRequest = z
  .strictObject({
    mapping: NewMapping,
    sample: PreviewSample.optional(),
    lastFiles: z.int().min(1).max(MAX_PREVIEW_FILES).optional().meta({ description: 'Of kind `call` only.' }),
  })
  .meta({ id: 'PreviewRequest' });
export type PreviewRequest = z.infer<typeof PreviewRequest>;

const Value = z.union([z.string(), z.number(), z.boolean()]).nullable();

const ReadRecord = z.object({
  at: z.string(),
  state: z.enum(['accepted', 'held', 'rejected', 'ignored']),
  code: z.string().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  user: z.string().nullable(),
  direction: z.string().nullable(),
  durationSeconds: z.number().nullable(),
  fields: z.record(z.string(), Value),
  missing: z.array(z.string()),
  issues: z.array(IssueView),
  warnings: z.array(IssueView),
});

const FileChange = z.object({
  fileId: Uuid,
  name: z.string(),
  at: z.string(),
  code: z.string().nullable().meta({ description: 'By the draft; of a released file, by the live version.' }),
  message: z.string(),
});

/** What a draft makes of a sample, and what it would change about files that really came. Nothing is stored. */
export const Preview = z
  .object({
    liveVersion: z.int(),
    warnings: z.array(IssueView).meta({ description: 'What is odd about the draft itself.' }),
    sample: z
      .object({
        counts: z.object({ accepted: z.int(), held: z.int(), rejected: z.int(), ignored: z.int() }),
        records: z.array(ReadRecord).meta({ description: 'The first 100.' }),
        encoding: SampleEncoding,
        issues: z.array(IssueView).meta({ description: 'What could not be read of the sample itself.' }),
        warnings: SampleWarnings,
      })
      .nullable(),
    files: z
      .object({
        counts: z.object({
          files: z.int(),
          records: z.int(),
          skipped: z.int(),
          unchanged: z.int(),
          changedCalls: z.int(),
          newlyRejected: z.int(),
          newlyHeld: z.int(),
          newlyReleased: z.int(),
          newlyIgnored: z.int(),
        }),
        changedCalls: z.array(
          z.object({
            callId: z.int().nullable().meta({ description: 'Null while the call has not surfaced.' }),
            fileId: Uuid,
            name: z.string(),
            changes: z.array(z.object({ field: z.string(), old: Value, new: Value })),
          }),
        ),
        newlyRejected: z.array(FileChange),
        newlyHeld: z.array(FileChange),
        newlyReleased: z.array(FileChange),
        newlyIgnored: z.array(FileChange),
      })
      .nullable()
      .meta({
        description: 'Of the last files, newest first; of each list the first 100, of all together 4 MiB.',
      }),
  })
  .meta({ id: 'Preview' });
export type Preview = z.infer<typeof Preview>;

/** What a draft makes of the rows of a sample of CRM objects, beside the mapping in force. Nothing is stored. */
export const CrmPreview = z
  .object({
    liveVersion: z.int().nullable().meta({ description: 'Null: none is published, the preset is in force.' }),
    sample: z
      .object({
        counts: z.object({
          read: z.int(),
          rejected: z.int(),
          unchanged: z.int(),
          changed: z.int(),
          newlyRejected: z.int(),
          newlyReleased: z.int(),
        }),
        rows: z
          .array(
            z.object({
              at: z.string().meta({ example: 'line 2' }),
              externalId: z.string().nullable(),
              fields: z.record(z.string(), Value),
              change: z.enum(['none', 'changed', 'rejected', 'released']),
              changes: z.array(z.object({ field: z.string(), old: Value, new: Value })),
              issues: z.array(IssueView),
              warnings: z.array(IssueView),
            }),
          )
          .meta({ description: 'The first 100.' }),
        encoding: SampleEncoding,
        issues: z.array(IssueView).meta({ description: 'What could not be read of the sample itself.' }),
        warnings: SampleWarnings,
      })
      .nullable(),
  })
  .meta({ id: 'CrmPreview' });
export type CrmPreview = z.infer<typeof CrmPreview>;
