import { z } from 'zod';
import { Instant, InstantInput, text, Uuid } from './common.ts';
import { FileState } from './files.ts';
import { cursorOf, Limit, listOf } from './lists.ts';

const MAX_FIELDS = 50;
const MAX_ITEMS = 1000;

export const RecordingSource = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/, 'Letters, digits and `-`, 32 at most.')
  .meta({ description: 'Where the recording rests.', example: 'ringcentral' });

const RecordingId = text(200)
  .regex(/^[^/\\\p{Cc}]+$/u, 'No slash and no control character.')
  .meta({ description: 'Its id there.', example: 'BXyT30eVTWlZjUA' });

/** What is known of a recording that rests elsewhere: the named fields are compared, others are kept. Source: C19. */
export const ExternalRecordingFields = z
  .object({
    startedAt: InstantInput.optional(),
    user: text(320).optional(),
    phone: text(64).optional().meta({ description: 'E.164, or national where the mapping has a country.' }),
    durationSeconds: z.number().min(0).max(604_800).optional(),
    direction: text(32).optional(),
  })
  .catchall(z.union([text(1000), z.number(), z.boolean(), z.null()]))
  .refine((fields) => Object.keys(fields).length <= MAX_FIELDS, `At most ${MAX_FIELDS} fields.`)
  .refine((fields) => Object.keys(fields).every((name) => text(200).safeParse(name).success), {
    error: 'A field name is empty, too long or no text.',
  })
  .meta({ id: 'ExternalRecordingFields' });

export const NewExternalRecording = z.strictObject({
  source: RecordingSource,
  id: RecordingId,
  fields: ExternalRecordingFields.default({}),
});
export type NewExternalRecording = z.infer<typeof NewExternalRecording>;

/** One recording, or many at once. */
export const ExternalRecordingsInput = z.union([
  z.strictObject({ items: z.array(NewExternalRecording).min(1).max(MAX_ITEMS) }),
  NewExternalRecording,
]);
export type ExternalRecordingsInput = z.infer<typeof ExternalRecordingsInput>;

/** A recording that rests elsewhere. It is a file without bytes, so `fileId` answers at `…/files` too. */
export const ExternalRecording = z
  .object({
    fileId: Uuid,
    source: z.string(),
    id: z.string(),
    fields: z.record(z.string(), z.unknown()),
    state: FileState,
    outcomeCode: z.string().nullable(),
    callKey: z.string().nullable(),
    callId: z.int().nullable(),
    registeredAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'ExternalRecording' });
export type ExternalRecording = z.infer<typeof ExternalRecording>;

export const ExternalRecordingList = listOf(ExternalRecording);
export const ExternalRecordingsRegistered = z.object({ items: z.array(ExternalRecording) });
export const ExternalRecordingListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.int()),
  source: RecordingSource.optional(),
  state: FileState.optional(),
});
export type ExternalRecordingListQuery = z.infer<typeof ExternalRecordingListQuery>;
