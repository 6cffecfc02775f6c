import type { TranscriptSegment } from '../analysis/transcript.ts';
import { type Issue, issue } from '../issue.ts';

export interface ReadTranscript {
  readonly segments: readonly TranscriptSegment[];
  readonly warnings: readonly Issue[];
}

const MAX_UTTERANCE = 64 * 1024;
const MAX_NAME = 255;
/** `00:00:06 - (2)Mike Goodwin:`; the name may be absent and may hold `:`. */
const HEAD = /^(?<h>\d{1,3}):(?<m>[0-5]\d):(?<s>[0-5]\d) - \((?<id>\d{1,9})\)(?<name>.*):\s*$/u;

/**
 * Reads a Kaia transcript: a line that says when and who, then what was said, up to the next such line. Every line is kept; a
 * long utterance or name is kept with a warning. Times are milliseconds; nothing says when an utterance ends. Source: K3, case 104.
 */
export function readTranscript(text: string): ReadTranscript {
  const segments: TranscriptSegment[] = [];
  const warnings: Issue[] = [];
  let head: { readonly from: number; readonly speaker: string } | null = null;
  let said: string[] = [];
  let strays = 0;
  const close = (): void => {
    const utterance = said.join('\n').trim();
    said = [];
    if (head === null) {
      if (utterance !== '') strays += 1;
      return;
    }
    if (utterance.length > MAX_UTTERANCE || head.speaker.length > MAX_NAME)
      warnings.push(
        issue('VALUE_TOO_LONG', 'An utterance or a name is longer than expected; it is kept in full.'),
      );
    segments.push({ ...head, until: null, channel: null, text: utterance });
  };
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)) {
    const groups = HEAD.exec(line)?.groups;
    if (groups === undefined) {
      said.push(line);
      continue;
    }
    close();
    const seconds = Number(groups.h) * 3600 + Number(groups.m) * 60 + Number(groups.s);
    const name = groups.name!.trim();
    head = { from: seconds * 1000, speaker: name === '' ? `(${groups.id})` : name };
  }
  close();
  if (strays > 0)
    warnings.push(issue('ROW_IGNORED', 'Text before the first line with a time and a speaker was left out.'));
  return { segments, warnings: warnings.slice(0, 20) };
}
