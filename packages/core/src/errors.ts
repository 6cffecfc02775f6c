/** One row per error code: HTTP status, whether a retry can help, and the public sentence. */
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
    sentence: 'The request has no valid credential.',
    fix: 'Send `Authorization: Bearer` with an API key or a token that has not expired.',
  },
  FORBIDDEN: {
    status: 403,
    retryable: false,
    sentence: 'This credential is not allowed to do that.',
    fix: 'Use a key whose role allows it.',
  },
  NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'Not found.',
    fix: 'Check the ids in the path.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    sentence: 'Method not allowed on this path.',
    fix: 'Use a method listed in the `Allow` header.',
  },
  CONFLICT: {
    status: 409,
    retryable: false,
    sentence: 'The resource already exists, or its state does not allow this.',
    fix: 'Read the current state of the resource, then decide again.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    retryable: false,
    sentence: 'The resource has changed since you read it.',
    fix: 'Read the resource again and send its version in `If-Match`.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    retryable: false,
    sentence: 'The request body exceeds the limit.',
    fix: 'Send a smaller body.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    sentence: 'The media type of the request body is not supported.',
    fix: 'Send `Content-Type: application/json`.',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    retryable: false,
    sentence: 'The requested range lies outside the content.',
    fix: 'Request a range within the size in `Content-Range`.',
  },
  UNPROCESSABLE: {
    status: 422,
    retryable: false,
    sentence: 'The request is well formed but cannot be carried out.',
    fix: 'Correct the fields named in `issues`.',
  },
  TIME_ZONE_REQUIRED: {
    status: 422,
    retryable: false,
    sentence: 'A live tenant needs a time zone.',
    fix: 'Set `timeZone` to an IANA zone such as `America/New_York`.',
  },
  TIME_ZONE_UNKNOWN: {
    status: 422,
    retryable: false,
    sentence: 'Unknown IANA time zone.',
    fix: 'Set one such as `America/New_York`; `issues` names the nearest.',
  },
  WEBHOOK_ADDRESS_FORBIDDEN: {
    status: 422,
    retryable: false,
    sentence: 'Webhooks are only sent to public addresses, over https.',
    fix: 'Set a public https URL; an operator may allow others with CALLBAY_WEBHOOK_ALLOW.',
  },
  RATE_LIMITED: { status: 429, retryable: true, sentence: 'Too many requests.', fix: 'Wait and try again.' },
  INTERNAL: {
    status: 500,
    retryable: false,
    sentence: 'Internal error.',
    fix: 'Report the request id.',
  },
  UNAVAILABLE: {
    status: 503,
    retryable: true,
    sentence: 'A required service is unavailable.',
    fix: 'Try again shortly.',
  },
  BLOB_MISSING: {
    status: 410,
    retryable: false,
    sentence: 'The content of the file is gone.',
    fix: 'The content was purged, or storage was changed by hand: run `callbay doctor`.',
  },
  QUOTA_EXCEEDED: {
    status: 507,
    retryable: false,
    sentence: 'The storage quota of the tenant is used up.',
    fix: 'Raise `settings.storageQuotaBytes`, or wait until files are purged.',
  },
  STORAGE_FULL: {
    status: 507,
    retryable: true,
    sentence: 'No space left to store files.',
    fix: 'Free disk space below CALLBAY_HOME.',
  },
} as const;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** A failed operation. Bad input is not an error but an Issue. */
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
