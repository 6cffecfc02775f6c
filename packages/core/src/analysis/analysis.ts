/** One utterance of an analysis. Channel 1 is the agent, 2 the customer; times are milliseconds of the recording. */
export interface AnalyzedUtterance {
  readonly Channel: number;
  readonly Text: string;
  /** `start end` of each word, with semicolons between them. */
  readonly Times?: string | null | undefined;
  readonly StartTime: number;
  readonly EndTime: number;
}

export const RATIOS = ['AgentTensionRatio', 'AgentMonotonicityRatio', 'CustomerTensionRatio'] as const;
export const SCORES = ['AverageCustomerSentimentScore', 'AverageAgentSentimentScore'] as const;

/** What an analysis engine says of a call, in the words of its own events. Source: D3. */
export interface Analysis extends Readonly<Partial<Record<AnalysisNumber, number | null | undefined>>> {
  readonly ConversationExternalId?: string | null | undefined;
  readonly Transcripts: readonly AnalyzedUtterance[];
  readonly AiInsights?: Readonly<Record<string, unknown>> | null | undefined;
}
type AnalysisNumber = (typeof RATIOS)[number] | (typeof SCORES)[number];
