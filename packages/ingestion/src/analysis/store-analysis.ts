import { createHash } from 'node:crypto';
import type { AnalysisReceipt } from '@callbay/contracts';
import {
  type Analysis,
  type Issue,
  judgeAnalysis,
  spokenTextOf,
  summarize,
  toldOfAnalysis,
} from '@callbay/core';
import type { Actor } from '../ports.ts';
import type { AnalysisStore } from './ports.ts';

export interface AnalysisOfCall {
  readonly tenantId: string;
  readonly callId: number;
  readonly analysis: Analysis;
  readonly warnings: readonly Issue[];
}

/** Stores what an engine says of a call, or answers why it cannot be of this call. Null without such a call. Source: D3. */
export async function storeAnalysis(
  { analyses }: { readonly analyses: Pick<AnalysisStore, 'findSubject' | 'putAnalysis'> },
  { tenantId, callId, analysis, warnings }: AnalysisOfCall,
  by: Actor,
): Promise<{ readonly stored: AnalysisReceipt } | { readonly issues: readonly Issue[] } | null> {
  const subject = await analyses.findSubject(tenantId, callId);
  if (subject === null) return null;
  const issues = judgeAnalysis(analysis, subject.externalId);
  if (issues.length > 0) return { issues };
  const body = JSON.stringify(analysis);
  const stored = await analyses.putAnalysis(
    tenantId,
    callId,
    {
      body,
      digest: createHash('sha256').update(body).digest('hex'),
      channelMap: subject.channelMap,
      warnings,
      summary: summarize(analysis),
      spokenText: spokenTextOf(analysis),
      told: toldOfAnalysis(analysis),
    },
    by,
  );
  return stored === null ? null : { stored };
}
