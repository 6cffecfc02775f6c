import type { TenantEvent } from '@callbay/core';
import { z } from 'zod';
import { FieldValue, Instant, IssueView, TenantId, Uuid } from './common.ts';

const envelope = {
  eventId: Uuid,
  sequence: z.int().meta({ description: 'Grows within one tenant, in commit order, with gaps.' }),
  tenantId: TenantId,
  at: Instant,
  callKey: z.string(),
  revision: z.int(),
};

const ofCall = { ...envelope, callId: z.int() };
const ofNoCall = { ...envelope, callId: z.null() };

const CallEventData = z
  .object({
    changed: z
      .record(z.string(), z.tuple([FieldValue, FieldValue]))
      .meta({ description: 'Field to its value before and after.' }),
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    direction: z.string().nullable(),
    user: z.string().nullable(),
    durationSeconds: z.number().nullable(),
    fields: z.record(z.string(), FieldValue),
    raw: z.record(z.string(), z.string()),
    mappingVersion: z.int(),
    warnings: z.array(IssueView),
  })
  .meta({ id: 'CallEventData', description: 'The content of the call at this revision.' });

const Score = z.number().nullable();

const CallAnalyzedData = z
  .object({
    analysisVersion: z.int().meta({ description: 'Grows with each analysis of the call.' }),
    segments: z.int().meta({ description: 'How many segments the transcript has.' }),
    agentTensionRatio: Score,
    agentMonotonicityRatio: Score,
    customerTensionRatio: Score,
    averageCustomerSentimentScore: Score,
    averageAgentSentimentScore: Score,
    aiInsights: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'CallAnalyzedData', description: 'Scores of an analysis; the transcript is read with it.' });

const FileRejectedData = z
  .object({ fileId: Uuid, name: z.string(), code: z.string(), message: z.string(), fix: z.string() })
  .meta({ id: 'FileRejectedData' });

const AlertOpenedData = z
  .object({
    alertId: Uuid,
    kind: z.string(),
    subject: z.string(),
    message: z.string(),
    fix: z.string(),
    count: z.int(),
  })
  .meta({ id: 'AlertOpenedData' });

/** Everything that can happen to a tenant's calls and files. Events of one tenant are numbered by `sequence` in commit order. */
export const EventView = z
  .discriminatedUnion('type', [
    z.object({ ...ofCall, type: z.literal('call.surfaced'), data: CallEventData }),
    z.object({ ...ofCall, type: z.literal('call.updated'), data: CallEventData }),
    z.object({ ...ofCall, type: z.literal('call.analyzed'), data: CallAnalyzedData }),
    z.object({ ...ofCall, type: z.literal('call.deleted'), data: z.object({ callId: z.int() }) }),
    z.object({ ...ofNoCall, type: z.literal('file.rejected'), data: FileRejectedData }),
    z.object({ ...ofNoCall, type: z.literal('alert.opened'), data: AlertOpenedData }),
  ])
  .meta({ id: 'Event' }) satisfies z.ZodType<TenantEvent>;
export type EventView = z.infer<typeof EventView>;

/** An event stream's resume header: the `id` of the last event that was seen. */
export const EventHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{1,15}$/, 'Send the id of an event of this stream.')
    .optional(),
});
