/** What is wrong with one field of a request. */
export interface ProblemIssue {
  readonly code: string;
  readonly message: string;
  /** The field, as a path; null where it is the whole request. */
  readonly at: string | null;
}

/** An answer of the API other than 2xx. `code` is a row of docs/errors.md; `message` says what to do. */
export class CallbayError extends Error {
  readonly code: string;
  readonly status: number;
  readonly issues: readonly ProblemIssue[];
  /** Of the request, as the server's log has it. */
  readonly requestId: string | null;

  constructor(status: number, problem: unknown) {
    const { code, title, detail, issues, requestId } = (problem ?? {}) as Record<string, unknown>;
    const said = [title, detail].filter((text) => typeof text === 'string');
    super(said.length === 0 ? `The server answered ${status}.` : said.join(' '));
    this.name = 'CallbayError';
    this.code = typeof code === 'string' ? code : 'UNKNOWN';
    this.status = status;
    this.issues = Array.isArray(issues) ? (issues as ProblemIssue[]) : [];
    this.requestId = typeof requestId === 'string' ? requestId : null;
  }
}
