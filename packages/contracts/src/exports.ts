import { chooseColumns, EXPORT_COLUMNS } from '@callbay/core';
import { z } from 'zod';
import { InstantInput, TenantId, text } from './common.ts';

const Flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const Number0 = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A parameter that may be repeated: one value comes as itself, several as an array. */
const repeated = <T extends z.ZodType<unknown, string>>(item: T) =>
  z
    .union([item, z.array(item).max(100)])
    .transform((value) => (Array.isArray(value) ? value : [value]) as z.output<T>[]);

/** A `+` that was not encoded arrives as a space: it stands before the hours of an offset. */
const Time = z
  .string()
  .max(32)
  .transform((value) => value.replace(/ (?=\d\d:\d\d$)/, '+'))
  .pipe(InstantInput);

const Columns = z
  .string()
  .max(2000)
  .transform((value, context) => {
    const { columns, unknown } = chooseColumns(value.split(',').map((name) => name.trim()));
    if (unknown.length > 0) {
      context.addIssue({
        code: 'custom',
        message: `There is no column ${unknown.map((name) => `\`${name}\``).join(', ')}. There are ${EXPORT_COLUMNS.map(({ name }) => name).join(', ')}.`,
        params: { code: 'VALUE_NOT_ALLOWED' },
      });
    }
    return columns;
  });

/** What a customer asks an export for. Source: V1–V4. */
export const ExportParameters = z
  .strictObject({
    contextId: TenantId.optional().meta({
      description: 'The tenant: needed where the credential is bound to several.',
    }),
    format: z.enum(['json', 'csv', 'ndjson', 'parquet']).default('json'),
    consecutive: Flag.default(false).meta({
      description: 'In the order of callId. Not together with `sort_by` or `sort_dir`.',
    }),
    afterCallId: Number0.optional().meta({ description: 'Calls with a greater callId.' }),
    changedAfter: Number0.optional().meta({
      description:
        'Calls whose changeSeq is greater, in its order: finds updates of calls that were exported already.',
    }),
    includeDeleted: Flag.default(false).meta({
      description:
        'With `changedAfter`: calls that were deleted since, as `{callId, changeSeq, deleted: true}`.',
    }),
    fromTime: Time.optional().meta({ description: 'Calls that started then or later.' }),
    toTime: Time.optional().meta({ description: 'Calls that started then or before.' }),
    agentId: repeated(text(200)).default([]),
    queueId: repeated(text(200)).default([]),
    aivrAppId: repeated(text(200)).default([]),
    page: z.coerce.number().int().min(1).max(1_000_000).default(1),
    per_page: z.coerce.number().int().min(1).max(10_000).default(50),
    sort_by: repeated(z.enum(['time', 'score', 'documentId'])).default([]),
    sort_dir: repeated(z.enum(['asc', 'desc'])).default([]),
    columns: Columns.default([...EXPORT_COLUMNS]).meta({ description: 'Names, with commas between them.' }),
    formulas: z.enum(['inert', 'keep']).default('inert').meta({
      description: 'In CSV, whether cells that a spreadsheet would calculate get an apostrophe.',
    }),
    bom: Flag.default(false).meta({
      description: 'In CSV, whether a byte order mark comes first, for Excel.',
    }),
  })
  .superRefine((asked, context) => {
    const refuse = (at: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [at], message });
    const { consecutive, sort_by, sort_dir, fromTime, toTime, changedAfter, includeDeleted } = asked;
    const sorted = [...(sort_by.length > 0 ? ['sort_by'] : []), ...(sort_dir.length > 0 ? ['sort_dir'] : [])];
    for (const at of sorted) {
      if (consecutive) refuse(at, '`consecutive` has an order of its own: leave this out.');
      else if (changedAfter !== undefined)
        refuse(at, '`changedAfter` has an order of its own: leave this out.');
    }
    if (consecutive && changedAfter !== undefined)
      refuse('changedAfter', '`consecutive` reads by callId: ask for either.');
    const directions = sort_by.length === 0 ? 1 : sort_by.length;
    if (sort_dir.length > 0 && sort_dir.length !== directions)
      refuse('sort_dir', 'Give as many directions as there are values of `sort_by`.');
    if (fromTime !== undefined && toTime !== undefined && Date.parse(toTime) < Date.parse(fromTime))
      refuse('toTime', 'It is before `fromTime`.');
    if (includeDeleted && changedAfter === undefined)
      refuse('includeDeleted', 'It goes with `changedAfter`, in whose order deletions stand.');
  });
export type ExportParameters = z.infer<typeof ExportParameters>;
