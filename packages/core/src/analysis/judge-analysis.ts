import { type Issue, issue } from '../issue.ts';
import { type Analysis, type AnalyzedUtterance, RATIOS } from './analysis.ts';

const MAX_ISSUES = 100;

/** What keeps an analysis from being stored with a call whose recording is named `externalId`, at most 100 issues. Source: D3. */
export function judgeAnalysis(analysis: Analysis, externalId: string | null): Issue[] {
  const issues = [...judgeNames(analysis, externalId), ...judgeRatios(analysis)];
  for (const [n, utterance] of analysis.Transcripts.entries()) {
    if (issues.length >= MAX_ISSUES) break;
    issues.push(...judgeUtterance(utterance, `Transcripts[${n}]`));
  }
  return issues.slice(0, MAX_ISSUES);
}

function judgeNames({ ConversationExternalId, AiInsights }: Analysis, externalId: string | null): Issue[] {
  const named = [
    ['ConversationExternalId', ConversationExternalId],
    ['AiInsights.externalId', AiInsights?.externalId],
  ] as const;
  return named
    .filter(([, name]) => name !== undefined && name !== null && name !== externalId)
    .map(([at]) =>
      issue(
        'EXTERNAL_ID_OTHER',
        'This is the external id of another call: it must be the name of the recording.',
        at,
      ),
    );
}

const judgeRatios = (analysis: Analysis): Issue[] =>
  RATIOS.filter((name) => {
    const ratio = analysis[name] ?? 0;
    return ratio < 0 || ratio > 100;
  }).map((name) => issue('RATIO_INVALID', 'A ratio is between 0 and 100.', name));

function* judgeUtterance(utterance: AnalyzedUtterance, at: string): Generator<Issue> {
  const { Channel, StartTime, EndTime, Times } = utterance;
  if (Channel !== 1 && Channel !== 2)
    yield issue('CHANNEL_INVALID', 'A channel is 1 (agent) or 2 (customer).', `${at}.Channel`);
  if (StartTime < 0) yield issue('TIMES_INVALID', 'A time is 0 or more milliseconds.', `${at}.StartTime`);
  if (StartTime > EndTime)
    yield issue('TIMES_INVALID', 'The utterance starts after its end.', `${at}.StartTime`);
  const wrong = wrongTimes(Times ?? '');
  if (wrong !== null) yield issue('TIMES_INVALID', wrong, `${at}.Times`);
}

const PAIR = /^\s*(\d{1,12})\s+(\d{1,12})\s*$/;

/** Why the times of words cannot be read; null where they can. No times, and a semicolon at the end, are fine. */
function wrongTimes(times: string): string | null {
  if (times.trim() === '') return null;
  let last = 0;
  for (const [n, pair] of times.replace(/;\s*$/, '').split(';').entries()) {
    const [, start, end] = PAIR.exec(pair) ?? [];
    if (start === undefined || end === undefined)
      return `Word ${n + 1} has no start and end in milliseconds: \`start end;start end\`.`;
    if (Number(start) > Number(end)) return `Word ${n + 1} starts after its end.`;
    if (Number(start) < last) return `Word ${n + 1} starts before the word before it.`;
    last = Number(start);
  }
  return null;
}
