import type {
  ApiKey,
  AuditListQuery,
  AuditRow,
  BatchRowList,
  BatchRowListQuery,
  Call,
  CallChange,
  CallCrmReference,
  CallListQuery,
  Explanation,
  ExplanationQuery,
  FileListQuery,
  FileView,
  Hold,
  HoldListQuery,
  JsonText,
  List,
  Mapping,
  MappingKind,
  NewMapping,
  NewTenant,
  Readiness,
  Revision,
  Role,
  SftpKey,
  Tenant,
  TenantChange,
} from '@callbay/contracts';
import type { FieldValue, TypedCondition } from '@callbay/core';
import type { Actor, Page, Scope } from '../ports.ts';

/**
 * Tenants, their settings and their stage. Every change commits with its audit row; one that changes how facts are
 * read commits a new policy version and makes the tenant's open calls due.
 */
export interface TenantStore {
  tenantExists(tenantId: string): Promise<boolean>;
  /** Throws CONFLICT for an id that is taken, TIME_ZONE_REQUIRED for a live tenant without a zone. */
  createTenant(tenant: NewTenant, by: Actor): Promise<Tenant>;
  findTenant(tenantId: string): Promise<Tenant | null>;
  /** By id. */
  listTenants(scope: Scope, page: Page<string>): Promise<List<Tenant>>;
  /** Merges the change under the tenant's lock. Throws TIME_ZONE_REQUIRED, and CONFLICT for a purge to confirm. Source: case 57. */
  updateTenant(
    tenantId: string,
    change: TenantChange,
    by: Actor,
    options: { isConfirmed: boolean },
  ): Promise<Tenant | null>;
  /** Calls that started before `surfaceFrom` stay hidden; undefined keeps what is set. Throws TIME_ZONE_REQUIRED. */
  goLive(tenantId: string, surfaceFrom: Date | null | undefined, by: Actor): Promise<Tenant | null>;
  readReadiness(tenantId: string): Promise<Readiness | null>;
}

/** A credential that may be used now. */
export interface Credential {
  readonly id: string;
  readonly form: 'key' | 'token';
  readonly role: Role;
  readonly tenantIds: readonly string[];
  readonly label: string;
  /** SHA-256 in hex: of a key's whole text, of a token's id. */
  readonly digest: string;
  readonly expiresAt: Date | null;
  /** Its last use is not recorded, or over a minute ago. */
  readonly isUseStale: boolean;
}

export interface CredentialToCreate {
  readonly id: string;
  readonly form: 'key' | 'token';
  readonly role: Role;
  readonly tenantIds: readonly string[];
  readonly label: string;
  readonly digest: string;
  /** A date, or so many seconds from the database's now. */
  readonly expires: { readonly at: Date | null } | { readonly inSeconds: number };
}

/** API keys and tokens. Only digests are stored. */
export interface KeyStore {
  /** Null for an unknown, revoked or expired one, by the database's clock. */
  findUsable(id: string): Promise<Credential | null>;
  /** Records a use. */
  touch(id: string): Promise<void>;
  /** Throws UNPROCESSABLE where a tenant it is bound to does not exist, or the expiry has passed. */
  createCredential(credential: CredentialToCreate, by: Actor): Promise<ApiKey>;
  /** By id, revoked ones apart; with a scope, only those bound to nothing outside it. */
  listCredentials(scope: Scope, page: Page<string>): Promise<List<ApiKey>>;
  /** False where there is none such in the scope. Takes effect at the next request. */
  revokeCredential(id: string, scope: Scope, by: Actor): Promise<boolean>;
}

/** An SFTP user without what only the server knows: host, port, host keys. */
export interface SftpUserRow {
  readonly username: string;
  readonly label: string | null;
  readonly canRead: 'all' | 'receipts' | 'none';
  readonly allowedCidrs: readonly string[];
  readonly hasPassword: boolean;
  readonly keys: readonly SftpKey[];
  readonly createdAt: string;
}

export interface SftpKeyToAdd {
  readonly id: string;
  readonly label: string | null;
  readonly type: string;
  /** SSH wire form in base64. */
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly expiresAt: Date | null;
}

export interface SftpUserToCreate {
  readonly username: string;
  readonly label: string | null;
  readonly canRead: 'all' | 'receipts' | 'none';
  readonly allowedCidrs: readonly string[];
  readonly passwordHash: string | null;
  readonly key: SftpKeyToAdd | null;
}

export interface SftpUserUpdate {
  readonly label?: string | null | undefined;
  readonly canRead?: 'all' | 'receipts' | 'none' | undefined;
  readonly allowedCidrs?: readonly string[] | undefined;
  readonly passwordHash?: string | null | undefined;
}

/** SFTP users and their keys. Every change notifies the SFTP servers in its own transaction. Source: C4, E4. */
export interface SftpUserStore {
  /** Throws CONFLICT for a name that is taken, whoever has it; UNPROCESSABLE for a password where the tenant allows none. */
  createUser(tenantId: string, user: SftpUserToCreate, by: Actor): Promise<SftpUserRow>;
  findUser(tenantId: string, username: string): Promise<SftpUserRow | null>;
  /** By name. */
  listUsers(tenantId: string, page: Page<string>): Promise<List<SftpUserRow>>;
  updateUser(
    tenantId: string,
    username: string,
    update: SftpUserUpdate,
    by: Actor,
  ): Promise<SftpUserRow | null>;
  deleteUser(tenantId: string, username: string, by: Actor): Promise<boolean>;
  /** Null without such a user. Throws CONFLICT where the user has the key already or has 50. */
  addKey(tenantId: string, username: string, key: SftpKeyToAdd, by: Actor): Promise<SftpKey | null>;
  /** By id; null without such a user. */
  listKeys(tenantId: string, username: string, page: Page<string>): Promise<List<SftpKey> | null>;
  deleteKey(tenantId: string, username: string, keyId: string, by: Actor): Promise<boolean>;
  /** What clients should find the server to be; empty before its first start. */
  listHostKeys(): Promise<{ type: string; publicKey: string }[]>;
}

/** Versions of a tenant's field mappings. One of a CRM type decides how the next files of that type are read. */
export interface MappingStore {
  findMapping(tenantId: string, kind: MappingKind): Promise<Mapping | null>;
  /** Newest first. */
  listMappings(tenantId: string, kind: MappingKind, page: Page<number>): Promise<List<Mapping>>;
  /** Publishes the next version, with a policy that reads by it. Throws PRECONDITION_FAILED where `expected` is not the newest. */
  publishMapping(
    tenantId: string,
    kind: MappingKind,
    mapping: NewMapping,
    expected: number | null,
    by: Actor,
  ): Promise<Mapping | null>;
  /**
   * Publishes what an earlier version says as the next version. Null without such a tenant or version; throws
   * PRECONDITION_FAILED as `publishMapping` does.
   */
  rollBackMapping(
    tenantId: string,
    kind: MappingKind,
    version: number,
    expected: number | null,
    by: Actor,
  ): Promise<Mapping | null>;
}

export interface FileReader {
  /** Newest first; the cursor is a receive sequence. */
  listFiles(tenantId: string, query: FileListQuery): Promise<List<FileView>>;
  findFile(tenantId: string, fileId: string): Promise<FileView | null>;
  /** Steps oldest first. */
  explainFile(tenantId: string, fileId: string, page: ExplanationQuery): Promise<Explanation | null>;
  /** Rows of a batch in the order of the file; empty for other files. The cursor is a row. Null without such a file. */
  listRows(
    tenantId: string,
    fileId: string,
    query: Omit<BatchRowListQuery, 'format'>,
  ): Promise<BatchRowList | null>;
  /** Rows of a batch, headings first, each with the fields that the file gave it. Null without such a file. */
  readRowTable(
    tenantId: string,
    fileId: string,
    filter: Pick<BatchRowListQuery, 'state' | 'code'>,
  ): Promise<AsyncIterable<FieldValue[]> | null>;
}

/** Where a call's media rests, and what headers it deserves. */
export interface CallMediaLocation {
  readonly blobKey: string;
  readonly name: string;
  readonly contentType: string;
  readonly sha256: string;
}

/** A call as it is read: its content is text that nobody here parses, null where it is too large for a list. */
export interface CallRow
  extends Omit<Call, 'fields' | 'raw' | 'warnings' | 'crm' | 'omitted'>,
    Readonly<Record<'fields' | 'raw' | 'warnings', JsonText | null>> {
  /** How large the content is, at least. */
  readonly bytes: number;
  /** By field: the objects that the call refers to. */
  readonly crm: Readonly<Record<string, CallCrmRow>>;
}

/** A CRM object as a call shows it; `fields` are null where they are too large for that. */
export interface CallCrmRow extends Omit<CallCrmReference, 'fields' | 'omitted'> {
  readonly fields: JsonText | null;
  readonly bytes: number;
}

/** One revision; `changed` is null where it is too large for a list. */
export interface RevisionRow extends Omit<Revision, 'changed' | 'omitted'> {
  readonly changed: JsonText | null;
  readonly bytes: number;
}

/** A search of calls whose conditions have been read by the types of their fields. */
export type CallSearch = Omit<CallListQuery, 'fields'> & { readonly fields: readonly TypedCondition[] };

/** Surfaced calls; what still waits is a hold. Pages end where they are full by bytes, too. */
export interface CallReader {
  /** Calls over `ITEM_BYTES` come without their content. */
  listCalls(tenantId: string, search: CallSearch): Promise<List<CallRow>>;
  findCall(tenantId: string, callId: number): Promise<CallRow | null>;
  updateCall(tenantId: string, callId: number, change: CallChange, by: Actor): Promise<CallRow | null>;
  /** Oldest first; null without such a call. A revision over `ITEM_BYTES` comes without its changes, unless it is alone. */
  listHistory(tenantId: string, callId: number, page: Page<number>): Promise<List<RevisionRow> | null>;
  findMedia(tenantId: string, callId: number): Promise<CallMediaLocation | null>;
  /** Oldest first. */
  listHolds(tenantId: string, query: HoldListQuery): Promise<List<Hold>>;
}

export interface AuditReader {
  /** Newest first. */
  listAudit(scope: Scope, query: AuditListQuery): Promise<List<AuditRow>>;
}
