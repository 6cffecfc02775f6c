import type { CallAnalyzedData } from '../events/tenant-event.ts';
import type { Analysis } from './analysis.ts';

export type Side = 'left' | 'right';

/** Which side of a recording has which speaker. Source: C8. */
export interface ChannelMap {
  readonly rep: Side;
}

/** One stretch of speech. Times are milliseconds from the start of the recording; null where nothing says them. */
export interface TranscriptSegment {
  readonly from: number;
  readonly until: number | null;
  /** The side of the recording that it is heard on; null where the speakers share their channels. */
  readonly channel: Side | null;
  /** `agent` and `customer`, or the name of a participant; null where nothing says it. */
  readonly speaker: string | null;
  readonly text: string;
}

/** So much of a transcript is searched, which keeps the words of a call within what the database indexes. */
export const SPOKEN_LENGTH = 100_000;

export const otherSide = (side: Side): Side => (side === 'left' ? 'right' : 'left');

/** The utterances of an analysis in the order of time, on the sides that the map of the time of the analysis gives them. */
export function segmentsOfAnalysis(
  { Transcripts }: Analysis,
  { rep }: ChannelMap,
  speakerSeparation: 'channels' | 'diarize' | null,
): TranscriptSegment[] {
  const sideOf = (channel: number): Side | null =>
    speakerSeparation === 'channels' ? (channel === 1 ? rep : otherSide(rep)) : null;
  return Transcripts.map(({ Channel, StartTime, EndTime, Text }) => ({
    from: StartTime,
    until: EndTime,
    channel: sideOf(Channel),
    speaker: Channel === 1 ? 'agent' : 'customer',
    text: Text,
  })).sort((a, b) => a.from - b.from);
}

/** The words that a search finds a call by, insights first, since a long transcript is cut. */
export const spokenTextOf = ({
  AiInsights,
  Transcripts,
}: Pick<Analysis, 'AiInsights' | 'Transcripts'>): string => {
  const insights = Object.values(AiInsights ?? {}).filter((value) => typeof value === 'string');
  return joinSpoken([...insights, ...Transcripts.map(({ Text }) => Text)]);
};

/** The first part of texts, and never half of a character. */
export function joinSpoken(texts: readonly string[]): string {
  const parts: string[] = [];
  let length = 0;
  for (const text of texts) {
    if (length >= SPOKEN_LENGTH) break;
    parts.push(text);
    length += text.length + 1;
  }
  return parts.join(' ').slice(0, SPOKEN_LENGTH).toWellFormed();
}

/** What exports and lists show of an analysis without reading it. */
export interface AnalysisSummary {
  readonly sentiment: number | null;
  readonly topics: string | null;
  /** How many channels speech was heard on; null without a transcript. */
  readonly channels: number | null;
}

export function summarize({
  AverageCustomerSentimentScore,
  AiInsights,
  Transcripts,
}: Analysis): AnalysisSummary {
  const topic = AiInsights?.topic;
  const channels = new Set(Transcripts.map(({ Channel }) => Channel)).size;
  return {
    sentiment: AverageCustomerSentimentScore ?? null,
    topics: typeof topic === 'string' && topic !== '' ? topic.slice(0, 1000).toWellFormed() : null,
    channels: channels === 0 ? null : channels,
  };
}

/** Longer insights are left to who reads the analysis: every consumer of events would carry them. */
const MAX_TOLD_INSIGHTS = 64 * 1024;

/** What the event of an analysis says. */
export function toldOfAnalysis(analysis: Analysis): Omit<CallAnalyzedData, 'analysisVersion'> {
  const insights = analysis.AiInsights ?? null;
  return {
    segments: analysis.Transcripts.length,
    agentTensionRatio: analysis.AgentTensionRatio ?? null,
    agentMonotonicityRatio: analysis.AgentMonotonicityRatio ?? null,
    customerTensionRatio: analysis.CustomerTensionRatio ?? null,
    averageCustomerSentimentScore: analysis.AverageCustomerSentimentScore ?? null,
    averageAgentSentimentScore: analysis.AverageAgentSentimentScore ?? null,
    aiInsights: JSON.stringify(insights).length > MAX_TOLD_INSIGHTS ? null : insights,
  };
}
