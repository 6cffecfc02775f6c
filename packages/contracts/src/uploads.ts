import { z } from 'zod';
import { TenantParams, text, Uuid } from './common.ts';

/** The largest file that is taken. Source: C9. */
export const UPLOAD_BYTES = 2 ** 31;

const FileName = text(255).meta({
  description:
    'The file’s name, without folders. A request carries a whole file, so that temporary names are refused.',
  example: '20261120-140253_outbound_1234.wav',
});

export const NewFileQuery = z.strictObject({
  name: FileName,
  id: Uuid.optional().meta({
    description:
      'An id of the sender’s choice, new for each file: the file gets it, sending it again changes nothing, and an interrupted request is continued under it by `PUT …/uploads/{uploadId}`.',
  }),
});

export const UploadParams = TenantParams.extend({ uploadId: Uuid });
export const UploadQuery = z.strictObject({ name: FileName.optional() });

/** A file of which more bytes are to come. */
export const Upload = z
  .object({
    id: Uuid,
    name: z.string(),
    sizeBytes: z.int().meta({ description: 'Of the whole file.' }),
    receivedBytes: z.int().meta({ description: 'The next part begins at this byte.' }),
  })
  .meta({ id: 'Upload' });
export type Upload = z.infer<typeof Upload>;
