import { type FeedCode, feedFailure } from '@callbay/core';
import { FeedError } from '@callbay/ingestion';

interface Part {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
}

const MAX_PARTS = 200;

/** An error with all that it consists of: brokers' answers stand inside those of the library. */
function partsOf(error: unknown): Part[] {
  const found: Part[] = [];
  const left = [error];
  while (left.length > 0 && found.length < MAX_PARTS) {
    const next = left.shift();
    if (typeof next !== 'object' || next === null || found.includes(next as Part)) continue;
    const part = next as Part;
    found.push(part);
    if (Array.isArray(part.errors)) left.push(...part.errors);
    left.push(part.cause);
  }
  return found;
}

/** What brokers say, by the names of the protocol. Everything else is worth another attempt without further ado. */
const OF_PROTOCOL: Readonly<Record<string, FeedCode>> = {
  MESSAGE_TOO_LARGE: 'FEED_MESSAGE_TOO_LARGE',
  RECORD_LIST_TOO_LARGE: 'FEED_MESSAGE_TOO_LARGE',
  UNKNOWN_TOPIC_OR_PARTITION: 'FEED_TOPIC_UNKNOWN',
  INVALID_TOPIC_EXCEPTION: 'FEED_TOPIC_UNKNOWN',
  TOPIC_AUTHORIZATION_FAILED: 'FEED_NOT_AUTHORIZED',
  CLUSTER_AUTHORIZATION_FAILED: 'FEED_NOT_AUTHORIZED',
  SASL_AUTHENTICATION_FAILED: 'FEED_LOGIN_REFUSED',
  UNSUPPORTED_SASL_MECHANISM: 'FEED_LOGIN_REFUSED',
  ILLEGAL_SASL_STATE: 'FEED_LOGIN_REFUSED',
};

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'PLT_KFK_TIMEOUT',
]);

const isTls = ({ code, message }: Part): boolean =>
  (typeof code === 'string' && /^(ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code)) ||
  (typeof message === 'string' && /TLS handshake failed|wrong version number|secure TLS/i.test(message));

/** What the library throws, as the failure that people read. Nothing of its words is kept but protocol and system codes. */
export function toFeedError(error: unknown): FeedError {
  if (error instanceof FeedError) return error;
  const parts = partsOf(error);
  const inner = parts.find((part) => part instanceof FeedError);
  if (inner instanceof FeedError) return inner;
  const failed = (code: FeedCode, detail: string | null) =>
    new FeedError(feedFailure(code, detail), { cause: error });
  const apiIds = parts.flatMap(({ apiId }) => (typeof apiId === 'string' ? [apiId] : []));
  for (const apiId of apiIds) {
    const code = OF_PROTOCOL[apiId];
    if (code !== undefined) return failed(code, `A broker says ${apiId}.`);
  }
  const unknown = parts.find(
    ({ message }) => typeof message === 'string' && message.startsWith('Unknown topic'),
  );
  if (unknown !== undefined) return failed('FEED_TOPIC_UNKNOWN', null);
  const codes = parts.flatMap(({ code }) => (typeof code === 'string' ? [code] : []));
  if (codes.includes('PLT_KFK_AUTHENTICATION')) return failed('FEED_LOGIN_REFUSED', null);
  if (parts.some(isTls)) return failed('FEED_TLS_FAILED', null);
  const [apiId] = apiIds;
  if (apiId !== undefined) return failed('FEED_REFUSED', `A broker says ${apiId}.`);
  const system = codes.find((code) => UNREACHABLE.has(code));
  if (system !== undefined) return failed('FEED_UNREACHABLE', `The system says ${system}.`);
  if (codes.includes('PLT_KFK_NETWORK')) return failed('FEED_UNREACHABLE', null);
  return failed('FEED_REFUSED', codes[0] === undefined ? null : `The client says ${codes[0]}.`);
}
