import type { AnalysisReceipt, JsonText, Transcript } from '@callbay/contracts';
import type { AnalysisSummary, CallAnalyzedData, ChannelMap, Issue } from '@callbay/core';
import type { Actor } from '../ports.ts';

/** What an analysis is compared with, and read by. */
export interface AnalysisSubject {
  /** The name of the recording, or the id of one that rests elsewhere. */
  readonly externalId: string | null;
  readonly channelMap: ChannelMap;
}

export interface AnalysisToStore {
  /** JSON of all that was sent. */
  readonly body: string;
  /** SHA-256 of `body`. */
  readonly digest: string;
  readonly channelMap: ChannelMap;
  readonly warnings: readonly Issue[];
  readonly summary: AnalysisSummary;
  /** What a search finds the call by. */
  readonly spokenText: string;
  /** What its event says, but for the version. */
  readonly told: Omit<CallAnalyzedData, 'analysisVersion'>;
}

export interface StoredAnalysis extends Omit<AnalysisReceipt, 'changeSeq'> {
  readonly body: JsonText;
}

/** The newest analysis of each visible call. */
export interface AnalysisStore {
  /** Null without such a call. */
  findSubject(tenantId: string, callId: number): Promise<AnalysisSubject | null>;
  /** Stores the next version, moves changeSeq and tells of it; the same content again changes nothing. Null without such a call. */
  putAnalysis(
    tenantId: string,
    callId: number,
    analysis: AnalysisToStore,
    by: Actor,
  ): Promise<AnalysisReceipt | null>;
  findAnalysis(tenantId: string, callId: number): Promise<StoredAnalysis | null>;
  /** Null without such a call; without segments where nothing has a transcript. */
  findTranscript(tenantId: string, callId: number): Promise<Transcript | null>;
}
