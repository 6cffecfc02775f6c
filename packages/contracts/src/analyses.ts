import type { Analysis as CoreAnalysis } from '@callbay/core';
import { z } from 'zod';
import { Instant, IssueView } from './common.ts';

export const ANALYSIS_BYTES = 16 * 2 ** 20;

const Milliseconds = z.int();
const Score = z.int().nullish();
const Ratio = z.number().nullish().meta({ description: '0 to 100.' });

const content = {
  ConversationExternalId: z
    .string()
    .nullish()
    .meta({ description: 'The name of the recording; refused where it is that of another call.' }),
  Transcripts: z
    .array(
      z.strictObject({
        Channel: z.int().meta({ description: '1: agent, 2: customer.' }),
        Text: z.string(),
        Times: z
          .string()
          .nullish()
          .meta({ description: '`start end` of each word in milliseconds, with `;` between them.' }),
        StartTime: Milliseconds,
        EndTime: Milliseconds,
      }),
    )
    .max(200_000)
    .default([]),
  AgentTensionRatio: Ratio,
  AgentMonotonicityRatio: Ratio,
  CustomerTensionRatio: Ratio,
  AverageCustomerSentimentScore: Score,
  AverageAgentSentimentScore: Score,
  AiInsights: z
    .record(z.string(), z.unknown())
    .nullish()
    .meta({ description: 'Such as `topic`, `summary`, `actions`, `conversationResult`, `ChurnRisk`.' }),
};

/** What an analysis engine sends, in the words of its own events. Source: D3. */
export const NewAnalysis = z
  .strictObject(content)
  .meta({ id: 'NewAnalysis' }) satisfies z.ZodType<CoreAnalysis>;
export type NewAnalysis = z.infer<typeof NewAnalysis>;

const stored = {
  callId: z.int(),
  version: z.int().meta({ description: 'Grows by one with each analysis that differs from the last.' }),
  analyzedAt: Instant,
  warnings: z.array(IssueView),
};

/** What is said of an analysis that was stored. */
export const AnalysisReceipt = z.object({ ...stored, changeSeq: z.int() }).meta({ id: 'AnalysisReceipt' });
export type AnalysisReceipt = z.infer<typeof AnalysisReceipt>;

export const Analysis = z.object({ ...stored, ...content }).meta({ id: 'Analysis' });

const Side = z.enum(['left', 'right']);

export const Transcript = z
  .object({
    source: z.enum(['analysis', 'file']).nullable().meta({ description: 'null: there is none yet.' }),
    speakerSeparation: z.enum(['channels', 'diarize']).nullable(),
    channelMap: z
      .object({ rep: Side, contact: Side })
      .nullable()
      .meta({ description: 'The sides of the speakers, where each has a channel.' }),
    segments: z.array(
      z.object({
        from: Milliseconds.meta({ description: 'Milliseconds from the start of the recording.' }),
        until: Milliseconds.nullable(),
        channel: Side.nullable(),
        speaker: z.string().nullable().meta({ description: '`agent`, `customer`, or a name.' }),
        text: z.string(),
      }),
    ),
  })
  .meta({ id: 'Transcript' });
export type Transcript = z.infer<typeof Transcript>;
