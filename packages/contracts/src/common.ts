import { z } from 'zod';

/** True for text that Postgres can hold in a text or jsonb column: no NUL, no lone surrogate. */
export const isStorableText = (value: string): boolean => value.isWellFormed() && !value.includes('\0');

/** Text that people write, 1 to `max` UTF-16 units. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(isStorableText, {
      error: 'Text may hold no NUL and no lone surrogate.',
      params: { code: 'TEXT_INVALID' },
    });

/** A typed value of a field. */
export const FieldValue = z.union([z.string(), z.number(), z.boolean()]).nullable();

/** Whether an instant can be written as we write instants: an offset may lead out of the four digits of a year. */
function isWritable(text: string): boolean {
  const at = Date.parse(text);
  return at >= Date.parse('0001-01-01T00:00:00Z') && at <= Date.parse('9999-12-31T23:59:59.999Z');
}

/** An instant as we write it: RFC 3339, UTC, milliseconds. */
export const Instant = z.iso.datetime({ precision: 3 }).meta({ example: '2026-03-01T09:30:00.000Z' });

/** An instant as others may write it: RFC 3339 with any offset. */
export const InstantInput = z.iso
  .datetime({ offset: true, error: 'RFC 3339 with an offset, such as `2026-03-01T09:30:00Z`.' })
  .refine(isWritable, { error: 'An instant of the years 1 to 9999, in UTC.' })
  .meta({ example: '2026-03-01T10:30:00+01:00' });

export const TenantId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,30}$/, 'Small letters, digits and `-`, a letter first, 2 to 31 in all.')
  .meta({
    description: 'Lower-case letters, digits and dashes, a letter first, 2 to 31 in all.',
    example: 'acme',
  });

/** Any id of ours, as a path or query may hold it. */
export const Uuid = z.guid();

/** Something odd or wrong in an input, in words and by code. */
export const IssueView = z
  .object({
    code: z.string(),
    message: z.string(),
    at: z.string().nullable().meta({ description: 'The field, line or path it is about.' }),
  })
  .meta({ id: 'Issue' });
export type IssueView = z.infer<typeof IssueView>;

/** A failed request. Source: RFC 9457. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    issues: z.array(IssueView),
    requestId: z.string().meta({ description: 'Also in the header `x-request-id`.' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

export const TenantParams = z.object({ tenantId: TenantId });
