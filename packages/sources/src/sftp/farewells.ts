import { DISCONNECT_REASON } from './ssh2-internals.ts';

/** Why the server ends a connection, as the client prints it. */
export interface Farewell {
  readonly reason: number;
  readonly sentence: string;
}

const { BY_APPLICATION, SERVICE_NOT_AVAILABLE, TOO_MANY_CONNECTIONS } = DISCONNECT_REASON;

export const FAREWELLS = {
  unavailable: {
    reason: SERVICE_NOT_AVAILABLE,
    sentence:
      'The service is briefly unavailable, so your login could not be checked. Try again in a minute.',
  },
  restarting: {
    reason: SERVICE_NOT_AVAILABLE,
    sentence: 'The server is restarting. Connect again; an upload that was broken off can be resumed.',
  },
  tooManySessions: {
    reason: TOO_MANY_CONNECTIONS,
    sentence: 'Your organization has as many sessions open as it may have. Close some, or try again later.',
  },
  accessChanged: { reason: BY_APPLICATION, sentence: 'Your access has changed. Log in again.' },
  keyExpired: { reason: BY_APPLICATION, sentence: 'Your key has expired.' },
  idle: { reason: BY_APPLICATION, sentence: 'The session was idle for too long.' },
} as const satisfies Record<string, Farewell>;
