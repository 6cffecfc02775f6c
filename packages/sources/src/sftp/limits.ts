/** Source: C9. The largest file; the write that would pass it fails. */
export const MAX_FILE_BYTES = 2 ** 31;

/** Every bound of the server. The defaults are production's; tests lower them. */
export interface SftpLimits {
  /** Time from TCP accept to login. */
  readonly loginGraceMs: number;
  /** Time in which the credentials of one attempt are checked, within the above: then the client is told of an outage. */
  readonly loginAnswerMs: number;
  readonly maxAuthAttempts: number;
  /** Connections that have not logged in yet. */
  readonly preLogin: {
    /** From so many on, clients that stay silent are closed early. */
    readonly busy: number;
    /** Places in all; then the network that holds most of them loses one. */
    readonly full: number;
    /** Without a first byte for so long, a client counts as silent. */
    readonly silentMs: number;
    /** After so long, a client that has not logged in gives its place to another first. */
    readonly slowMs: number;
  };
  readonly sessionsPerTenant: number;
  readonly channelsPerConnection: number;
  readonly handlesPerSession: number;
  /** Without a request while nothing is open. */
  readonly idleMs: number;
  /** Without a request while a handle is open: a peer that answers keepalives but does nothing. */
  readonly idleWithHandlesMs: number;
  /** How often sessions are looked at for idleness and expired keys. */
  readonly checkEveryMs: number;
  /** While the server closes: without a request for so long, a client that has not ended by itself is ended. */
  readonly drainQuietMs: number;
  readonly keepaliveMs: number;
  readonly rekeyBytes: number;
  readonly rekeyMs: number;
  /** Written data acknowledged before it is on disk, per handle, and for the whole process. */
  readonly eagerBytesPerHandle: number;
  readonly writeBufferBytes: number;
  /** Requests under way in one session before its channel window stays shut. */
  readonly pendingRequests: number;
  /** Bytes that were read for one connection and that its client has not taken, before further reads wait. */
  readonly replyBufferBytes: number;
  /** The same for the whole process. */
  readonly replyBudgetBytes: number;
}

export const DEFAULT_LIMITS: SftpLimits = {
  loginGraceMs: 30_000,
  loginAnswerMs: 15_000,
  maxAuthAttempts: 6,
  preLogin: { busy: 50, full: 300, silentMs: 3_000, slowMs: 10_000 },
  sessionsPerTenant: 100,
  channelsPerConnection: 10,
  handlesPerSession: 256,
  idleMs: 15 * 60_000,
  idleWithHandlesMs: 60 * 60_000,
  checkEveryMs: 5_000,
  drainQuietMs: 2_000,
  keepaliveMs: 15_000,
  rekeyBytes: 2 ** 30,
  rekeyMs: 3_600_000,
  eagerBytesPerHandle: 8 * 2 ** 20,
  writeBufferBytes: 64 * 2 ** 20,
  pendingRequests: 512,
  replyBufferBytes: 2 * 2 ** 20,
  replyBudgetBytes: 64 * 2 ** 20,
};

/** What `limits@openssh.com` announces: the largest packet ssh2 takes, and the reads and writes that fit in one. */
export const PACKET_LIMITS = { packet: 262_144, read: 261_120, write: 261_120 };
