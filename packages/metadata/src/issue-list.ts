import { type Issue, issue } from '@callbay/core';

export interface IssueList {
  readonly add: (code: string, message: string, at: string | null) => void;
  readonly isEmpty: () => boolean;
  /** Whether one more issue was added than the limit keeps: a reason to stop looking for others. */
  readonly isOverfull: () => boolean;
  /** The issues in order; past the limit a closing one counts those that were left out. */
  readonly close: () => Issue[];
}

/** Collects issues up to a limit, so that a file of a million bad rows does not make a million objects. */
export function createIssueList(limit: number): IssueList {
  const kept: Issue[] = [];
  let leftOut = 0;
  let lastCode = '';
  return {
    add(code, message, at) {
      if (kept.length < limit) {
        kept.push(issue(code, message, at));
      } else {
        leftOut += 1;
        lastCode = code;
      }
    },
    isEmpty: () => kept.length === 0 && leftOut === 0,
    isOverfull: () => leftOut > 0,
    close: () =>
      leftOut === 0 ? kept : [...kept, issue(lastCode, `And at least ${leftOut} more like these.`)],
  };
}
