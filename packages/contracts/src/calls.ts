import type { FieldCondition } from '@callbay/core';
import { z } from 'zod';
import {
  FieldValue,
  Instant,
  InstantInput,
  IssueView,
  isStorableText,
  TenantParams,
  text,
  Uuid,
} from './common.ts';
import { CallCrmReference } from './crm.ts';
import { CursorInstant, CursorInteger, cursorOf, Limit, listOf, Omitted } from './lists.ts';

export const CallMedia = z
  .object({
    name: z.string(),
    contentType: z.string(),
    sizeBytes: z.int(),
    sha256: z.string(),
    durationSeconds: z.number().nullable(),
    channels: z.int().nullable(),
    codec: z.string().nullable(),
    speakerSeparation: z.enum(['channels', 'diarize']),
  })
  .meta({ id: 'CallMedia' });
export type CallMedia = z.infer<typeof CallMedia>;

/** A surfaced call in its newest revision. */
export const Call = z
  .object({
    callId: z.int(),
    callKey: z.string(),
    revision: z.int(),
    startedAt: Instant,
    endedAt: Instant.nullable(),
    direction: z.string().nullable(),
    user: z.string().nullable(),
    durationSeconds: z.number().nullable(),
    fields: z
      .record(z.string(), FieldValue)
      .meta({ description: 'Mapped fields by target, all others by source name.' }),
    raw: z.record(z.string(), z.string()).meta({ description: 'The very strings of the metadata file.' }),
    mappingVersion: z.int().nullable(),
    crm: z
      .record(z.string(), CallCrmReference)
      .meta({ description: 'What `contactId`, `accountId` and their like refer to, as it is today.' }),
    warnings: z.array(IssueView),
    evaluated: z.boolean(),
    legalHold: z.boolean(),
    media: CallMedia.nullable(),
    externalRecording: z
      .object({ source: z.string(), id: z.string() })
      .nullable()
      .meta({ description: 'Where the recording rests instead, and its id there.' }),
    analysis: z
      .object({ version: z.int(), analyzedAt: Instant })
      .nullable()
      .meta({ description: 'The newest analysis, read at `…/analysis` and `…/transcript`.' }),
    surfacedAt: Instant,
    updatedAt: Instant,
    changeSeq: z.int(),
    updatesAcceptedUntil: Instant.nullable(),
    omitted: Omitted.optional().meta({
      description: 'In lists, of a call over 1 MiB: `fields`, `raw`, `crm` and `warnings` are empty here.',
    }),
  })
  .meta({ id: 'Call' });
export type Call = z.infer<typeof Call>;

export const CallChange = z.strictObject({
  evaluated: z.boolean().optional(),
  legalHold: z.boolean().optional(),
});
export type CallChange = z.infer<typeof CallChange>;

export const CallParams = TenantParams.extend({
  callId: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).meta({ example: 17 }),
});
export type CallParams = z.infer<typeof CallParams>;
export const CallList = listOf(Call);

const FIELD_KEY = /^field\.(?<name>.+?)(?:\.(?<bound>gte|lt))?$/s;
const MAX_CONDITIONS = 20;

/**
 * The search of calls. `key` is what pages are ordered by, and what cursors hold; `fields` is what its `field.…`
 * parameters say; other unknown parameters are refused by name.
 */
export const CallListQuery = z
  .object({
    limit: Limit,
    cursor: cursorOf(z.union([z.int(), z.tuple([CursorInstant, z.int()])])),
    sort: z.enum(['callId', 'startedAt']).optional().meta({
      description:
        '`startedAt` where `from` or `to` is given, else `callId`, unless said here; always changeSeq with `changedAfter`.',
    }),
    order: z.enum(['asc', 'desc']).default('asc'),
    q: text(500).optional().meta({ description: 'Words of any field; "a phrase", or, -not, beginning*.' }),
    from: InstantInput.optional().meta({ description: 'Calls that started then or later.' }),
    to: InstantInput.optional().meta({ description: 'Calls that started before.' }),
    changedAfter: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional().meta({
      example: 0,
      description:
        'Calls whose changeSeq is greater, in its order: reads every change once, page after page.',
    }),
  })
  .catchall(z.union([z.string(), z.array(z.string())]))
  .transform(({ limit, cursor, sort, order, q, from, to, changedAfter, ...others }, context) => {
    const hasTimes = from !== undefined || to !== undefined;
    const key = changedAfter === undefined ? (sort ?? (hasTimes ? 'startedAt' : 'callId')) : 'changeSeq';
    if (cursor !== undefined && Array.isArray(cursor) !== (key === 'startedAt')) {
      const params = { code: 'CURSOR_INVALID' };
      const message = 'Send a `nextCursor` of this very search, unchanged.';
      context.addIssue({ code: 'custom', path: ['cursor'], message, params });
    }
    const fields: FieldCondition[] = [];
    for (const [key, value] of Object.entries(others)) {
      const condition = readCondition(key, value);
      if (typeof condition === 'string')
        context.addIssue({ code: 'custom', path: [key], message: condition });
      else fields.push(condition);
    }
    if (fields.length > MAX_CONDITIONS) {
      context.addIssue({
        code: 'custom',
        path: ['field'],
        message: `At most ${MAX_CONDITIONS} conditions on fields.`,
      });
    }
    return { limit, cursor, key, order, q, from, to, changedAfter, fields } as const;
  });
export type CallListQuery = z.infer<typeof CallListQuery>;

/** The condition that a query parameter states, or the sentence that refuses it. */
function readCondition(key: string, value: unknown): FieldCondition | string {
  const groups = FIELD_KEY.exec(key)?.groups;
  if (!groups?.name) return `Unknown parameter \`${key}\`. Fields are searched as \`field.<name>=\`.`;
  if (typeof value !== 'string') return 'Give each condition once.';
  if (value.length > 1000 || key.length > 300) return 'A condition is over its limit of 1,000 characters.';
  if (!isStorableText(value) || !isStorableText(key)) return 'Text may hold no NUL and no lone surrogate.';
  return { name: groups.name, test: (groups.bound as 'gte' | 'lt' | undefined) ?? 'equals', value };
}

/** What one revision of a call changed: field to its value before and after. */
export const Revision = z
  .object({
    revision: z.int(),
    at: Instant,
    fileId: Uuid,
    changed: z.record(z.string(), z.tuple([z.unknown(), z.unknown()])),
    omitted: Omitted.optional().meta({
      description:
        'Of a revision over 1 MiB, unless it is asked for with `limit=1`: `changed` is empty here.',
    }),
  })
  .meta({ id: 'Revision' });
export type Revision = z.infer<typeof Revision>;
export const History = listOf(Revision);
export const HistoryQuery = z.strictObject({ limit: Limit, cursor: cursorOf(CursorInteger) });
