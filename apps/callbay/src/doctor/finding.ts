/** What one check found: a sentence, and what to do when it is not well. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly sentence: string;
  /** Null when all is well. */
  readonly fix: string | null;
}

export const ok = (check: string, sentence: string): Finding => ({
  check,
  status: 'ok',
  sentence,
  fix: null,
});
export const warn = (check: string, sentence: string, fix: string): Finding => ({
  check,
  status: 'warn',
  sentence,
  fix,
});
export const fail = (check: string, sentence: string, fix: string): Finding => ({
  check,
  status: 'fail',
  sentence,
  fix,
});
