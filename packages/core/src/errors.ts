/** One row per way an operation of ours can fail: HTTP status, whether trying again can help, the public sentence. */
export const ERROR_TABLE = {
  BAD_REQUEST: {
    status: 400,
    retryable: false,
    sentence: 'The request is not valid.',
    fix: 'Correct the fields named in `issues` and send it again.',
  },
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    sentence: 'No valid credential came with the request.',
    fix: 'Send `Authorization: Bearer` with an API key or a token that has not expired.',
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    sentence: 'This credential may not do that.',
    fix: 'Use a key whose role allows it.',
  },
  NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is no such thing here.',
    fix: 'Check the ids in the path.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    sentence: 'This path does not know that method.',
    fix: 'Use a method of the header `Allow`.',
  },
  CONFLICT: {
    status: 409,
    retryable: false,
    sentence: 'It exists already, or its state does not allow this.',
    fix: 'Read its present state and decide again.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    retryable: false,
    sentence: 'Somebody changed it since you read it.',
    fix: 'Read it again and send the new version in If-Match.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    retryable: false,
    sentence: 'The request body is over the limit.',
    fix: 'Send less at once.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    sentence: 'The request body has a type that is not accepted here.',
    fix: 'Send `Content-Type: application/json`.',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    retryable: false,
    sentence: 'The range asked for lies outside the bytes.',
    fix: 'Ask for a range below the size in `Content-Range`.',
  },
  UNPROCESSABLE: {
    status: 422,
    retryable: false,
    sentence: 'The request is well formed but cannot be carried out.',
    fix: 'Correct what `issues` names.',
  },
  TIME_ZONE_REQUIRED: {
    status: 422,
    retryable: false,
    sentence: 'A live tenant needs a time zone.',
    fix: 'Set `timeZone` to an IANA zone such as `America/New_York`.',
  },
  WEBHOOK_ADDRESS_FORBIDDEN: {
    status: 422,
    retryable: false,
    sentence: 'A webhook may go to public addresses only, over https.',
    fix: 'Set a public https URL; an operator may allow others with CALLBAY_WEBHOOK_ALLOW.',
  },
  RATE_LIMITED: { status: 429, retryable: true, sentence: 'Too many requests.', fix: 'Wait and try again.' },
  INTERNAL: {
    status: 500,
    retryable: false,
    sentence: 'Something broke on our side.',
    fix: 'Report the request id.',
  },
  UNAVAILABLE: {
    status: 503,
    retryable: true,
    sentence: 'A service we need is away.',
    fix: 'Try again shortly.',
  },
  BLOB_MISSING: {
    status: 410,
    retryable: false,
    sentence: 'The bytes are gone.',
    fix: 'They were purged, or storage was changed by hand: run `callbay doctor`.',
  },
  STORAGE_FULL: {
    status: 507,
    retryable: true,
    sentence: 'There is no room left to store bytes.',
    fix: 'Free disk space below CALLBAY_HOME.',
  },
} as const;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** A failed operation of ours. Bad input is never one: that is an Issue. */
export class CallbayError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message?: string, options?: { cause?: unknown }) {
    super(message ?? ERROR_TABLE[code].sentence, options);
    this.name = 'CallbayError';
    this.code = code;
    this.retryable = ERROR_TABLE[code].retryable;
  }
}
