import { CallbayError } from '@callbay/core';

/** SQLSTATEs after which the same work may succeed: the server is unavailable, full, or rolled us back as a deadlock victim. */
const RETRYABLE_STATES: ReadonlySet<string> = new Set([
  '25006', // read-only transaction: a standby answered during a failover
  '25P03', // idle in transaction for too long: this process stood still
  '40001', // serialization failure
  '40P01', // deadlock
  '53300', // too many connections
  '55P03', // lock not granted in time
  '57014', // statement timeout
  '57P01', // admin shutdown
  '57P02', // crash of another backend
  '57P03', // starting up or shutting down
  '57P05', // idle session timeout
]);

/** Disk full, out of memory for the server's own work, or a limit of the server's. */
const FULL_STATES: ReadonlySet<string> = new Set(['53100', '53200', '53400']);

const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** What pg says, without a code, when a connection is gone or none could be had. */
const PG_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed|read ECONN|write EPIPE)/;

/** The SQLSTATE of a database error, or null for any other. */
export function sqlState(error: unknown): string | null {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

const UNIQUE_VIOLATION = '23505';

/** Whether a statement failed since another transaction had written a row of that key. */
export const isRepeatedKey = (error: unknown, constraint: string): boolean =>
  sqlState(error) === UNIQUE_VIOLATION && (error as { constraint?: unknown }).constraint === constraint;

function isAway(error: Error): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && SOCKET_CODES.has(code)) return true;
  const state = sqlState(error);
  return state === null
    ? PG_MESSAGES.test(error.message)
    : state.startsWith('08') || RETRYABLE_STATES.has(state);
}

/**
 * The error to throw in place of one that pg threw: UNAVAILABLE where the same work may succeed later, STORAGE_FULL
 * where the server has no room, else the very same error, which is then an unhandled error.
 */
export function translatePgError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CallbayError) return error;
  if (isAway(error))
    return new CallbayError('UNAVAILABLE', 'The database is unavailable or busy.', { cause: error });
  const state = sqlState(error);
  if (state !== null && FULL_STATES.has(state)) {
    return new CallbayError('STORAGE_FULL', 'The database has no room left.', { cause: error });
  }
  return error;
}

/** Whether the connection that threw this must not be used again. */
export function breaksConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const state = sqlState(error);
  if (state === null) return true;
  return state.startsWith('08') || state.startsWith('57P') || state === '25P03';
}
