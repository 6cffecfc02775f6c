import type { Issue } from '@callbay/core';

/** A part of a request that does not fit its schema: every problem found, each at its place. */
export class InputError extends Error {
  readonly part: string;
  readonly issues: readonly Issue[];

  constructor(part: string, issues: readonly Issue[]) {
    super(`the ${part} of a request is not valid`);
    this.name = 'InputError';
    this.part = part;
    this.issues = issues;
  }
}
