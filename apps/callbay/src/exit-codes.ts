/** How the command ends, for scripts. Also in `callbay --help`. */
export const EXIT_CODES = {
  ok: 0,
  /** It was tried and did not work; the reason is on standard error. */
  failure: 1,
  /** The command line or the configuration is wrong; nothing was tried. */
  usage: 2,
  /** Callbay, or the database, does not answer. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** A failure whose message is all the person at the terminal needs: no stack. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  /** What HTTP status the API refused with; null for every other failure. */
  readonly status: number | null;
  /** The body of that answer. */
  readonly body: unknown;

  constructor(
    message: string,
    exitCode: ExitCode = EXIT_CODES.failure,
    { status, body, ...options }: ErrorOptions & { readonly status?: number; readonly body?: unknown } = {},
  ) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.status = status ?? null;
    this.body = body;
  }
}
