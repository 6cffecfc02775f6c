/** A server that we need and cannot use: the variable that names it, where it is, and why. */
export class ServiceError extends Error {
  readonly variable: string;

  constructor(variable: string, sentence: string, options?: ErrorOptions) {
    super(`${variable}: ${sentence}`, options);
    this.name = 'ServiceError';
    this.variable = variable;
  }
}

const MAX_CAUSES = 5;

/** An error with its causes, outermost first. */
function chainOf(error: unknown): { readonly code: string; readonly message: string }[] {
  const chain = [];
  let next: unknown = error;
  for (let count = 0; count < MAX_CAUSES && next instanceof Error; count += 1) {
    // Several addresses of one name fail together.
    const inner = next instanceof AggregateError ? next.errors : [];
    for (const one of [next, ...inner])
      chain.push({ code: String((one as { code?: unknown }).code ?? ''), message: (one as Error).message });
    next = next.cause;
  }
  return chain;
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be looked up',
  ETIMEDOUT: 'there is no answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ECONNRESET: 'the connection was reset',
};

interface Rules {
  /** By SQLSTATE, or another code of the server. */
  readonly codes: Readonly<Record<string, string>>;
  readonly messages: readonly (readonly [RegExp, string])[];
}

const POSTGRES: Rules = {
  codes: {
    '28P01': 'the password is wrong',
    '28000': 'the user may not log in from here',
    '3D000': 'there is no such database',
    '53300': 'it has too many connections',
    '57P03': 'it is starting or shutting down',
  },
  messages: [
    [/timeout/i, 'there is no answer'],
    [/does not support SSL/i, 'it speaks no TLS'],
  ],
};

const REDIS: Rules = {
  codes: {},
  messages: [
    [/WRONGPASS/, 'the user name or password is wrong'],
    [/NOAUTH/, 'it wants a password'],
    [/invalid DB index|DB index is out of range/i, 'there is no such database'],
    [/LOADING/, 'it is still loading'],
    [/timed? ?out/i, 'there is no answer'],
    [/OOM/, 'it has no memory left'],
  ],
};

function reasonOf(error: unknown, { codes, messages }: Rules): string | null {
  for (const { code, message } of chainOf(error)) {
    const known = codes[code] ?? NETWORK[code] ?? messages.find(([pattern]) => pattern.test(message))?.[1];
    if (known !== undefined) return known;
    const hidden = Object.keys(NETWORK).find((name) => message.includes(name));
    if (hidden !== undefined) return NETWORK[hidden] ?? null;
  }
  return null;
}

function placeOf(text: string, defaultPort: string): { readonly at: string; readonly name: string } {
  const url = URL.parse(text);
  const at = `${url?.hostname || 'localhost'}:${url?.port || defaultPort}`;
  const user = url?.username ? ` as ${decodeURIComponent(url.username)}` : '';
  return {
    at,
    name: `${at}${user}, database ${decodeURIComponent(url?.pathname.slice(1) || '') || '(default)'}`,
  };
}

/** What to report in place of an error of the configured Postgres; null for an error that is not about reaching it. */
export function explainPostgres(databaseUrl: string, error: unknown): ServiceError | null {
  const reason = reasonOf(error, POSTGRES);
  if (reason === null) return null;
  const sentence = `Postgres at ${placeOf(databaseUrl, '5432').name} cannot be used: ${reason}`;
  return new ServiceError('DATABASE_URL', sentence, { cause: error });
}

/** What to report in place of an error of the configured Redis; null for an error that is not about reaching it. */
export function explainRedis(redisUrl: string, error: unknown): ServiceError | null {
  const reason = reasonOf(error, REDIS);
  if (reason === null) return null;
  const sentence = `Redis at ${placeOf(redisUrl, '6379').at} cannot be used: ${reason}`;
  return new ServiceError('REDIS_URL', sentence, { cause: error });
}
