import { type Issue, issue } from '../issue.ts';
import { type Outcome, outcomeOf, outcomeSaying } from '../outcomes.ts';

/** How many rows a batch has, and how many of them cannot be read. */
export interface BatchCounts {
  readonly rows: number;
  readonly badRows: number;
}

/** The outcome of a batch whose rows are stored: the rows have outcomes of their own. */
export function batchOutcome({ rows, badRows }: BatchCounts): Outcome {
  const holds = `The file has ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  const sentence = badRows === 0 ? `${holds}.` : `${holds}, of which ${badRows} cannot be read.`;
  return outcomeSaying('BATCH_DONE', sentence);
}

export const emptyBatch = (): Issue =>
  issue('METADATA_INVALID', 'The file has no row of data below its header.');

/** Outcomes of rows that name the same recording as another row of their batch. Source: C15, case 29. */
export const REPEATED_ROW = outcomeSaying('DUPLICATE', 'An earlier row of the file is identical.');
export const CONFLICTING_ROW = outcomeOf('CONFLICTING_ROWS');

/** What is odd about the name of a batch. */
export interface BatchNameFacts {
  /** An earlier batch of the same name and drop had other bytes. */
  readonly isReused: boolean;
  /** The name is that of a recording, received or only looking like one. */
  readonly isOfRecording: boolean;
}

/** Source: case 30, case 31. */
export function batchNameWarnings({ isReused, isOfRecording }: BatchNameFacts): Issue[] {
  const warnings: Issue[] = [];
  if (isReused) {
    const message =
      'An earlier batch of this name had other rows: both count. Give every batch its own name.';
    warnings.push(issue('BATCH_NAME_REUSED', message));
  }
  if (isOfRecording) {
    const message = 'The file is named like a recording and has several rows: each row is a call of its own.';
    warnings.push(issue('SIDECAR_AS_BATCH', message));
  }
  return warnings;
}
