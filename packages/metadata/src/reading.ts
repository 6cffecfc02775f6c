import type { RawRecord } from '@callbay/core';
import type { IssueList } from './issue-list.ts';

/** What one format's reader hands to parseMetadata. */
export interface Reading {
  readonly delimiter: string | null;
  readonly header: readonly string[] | null;
  readonly records: readonly RawRecord[];
  readonly issues: IssueList;
  readonly warnings: IssueList;
  readonly rowCount: number;
  readonly readableCount: number;
  readonly strayCount: number;
}
