/** A login that may be tried. Keys are SSH wire-format public keys, base64. */
export interface SftpAccount {
  readonly tenantId: string;
  readonly username: string;
  readonly canRead: 'all' | 'receipts' | 'none';
  readonly allowedCidrs: readonly string[];
  /** Patterns of names that uploads have until they are whole, as the tenant set them; null: the usual ones. */
  readonly temporaryNames: readonly string[] | null;
  readonly keys: readonly {
    readonly id: string;
    readonly publicKey: string;
    /** Left by the database's clock as the account was read; null where the key never expires. */
    readonly expiresInMs: number | null;
  }[];
  /** scrypt hash, null where the user or its tenant allows no password. */
  readonly passwordHash: string | null;
}

export interface AuditEntry {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly remoteAddress: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A connection that has logged in, on whatever node. */
export interface LiveSession {
  readonly sessionId: string;
  readonly tenantId: string;
  readonly username: string;
  readonly address: string;
}

/** The sessions of all nodes. Those of a node that died are gone after 15 seconds. */
export interface SftpSessionStore {
  /** False where the tenant has `limit` sessions. */
  takePlace(session: LiveSession, limit: number): Promise<boolean>;
  /** To be called every 5 seconds with all sessions of this process. Puts back those that were lost. */
  keepAlive(sessions: readonly LiveSession[]): Promise<void>;
  givePlace(tenantId: string, sessionId: string): Promise<void>;
}

export interface SftpAccountStore {
  /** Null for an unknown user, and for users of suspended tenants. */
  findAccount(username: string): Promise<SftpAccount | null>;
  touchKey(tenantId: string, keyId: string): Promise<void>;
  /** `tenantId` null: nobody's login. */
  appendAudit(tenantId: string | null, entry: AuditEntry): Promise<void>;
  /** The server's host keys (PEM, OpenSSH format), made on first call, the same on every node. */
  loadHostKeys(
    make: () => { type: 'ed25519' | 'ecdsa' | 'rsa'; privateKey: string; publicKey: string }[],
  ): Promise<{ type: string; privateKey: string; publicKey: string }[]>;
  /** Calls back with a user name whenever its keys, password or existence changed. */
  watchAccess(onChange: (username: string) => void): Promise<AsyncDisposable>;
}
