import type {
  Alert,
  AlertDelivery,
  AlertDeliveryListQuery,
  AlertListQuery,
  List,
  Reconciliation,
} from '@callbay/contracts';
import type {
  AlertChanges,
  AlertFacts,
  AlertKind,
  AlertSettings,
  DeliveryFailure,
  Digest,
  EndedFiles,
  OpenAlert,
  SharedAlertKind,
} from '@callbay/core';
import type { Actor } from '../ports.ts';

/** One tenant as a sweep found it. `weekBefore` of the facts is empty until `readWeekBefore` was asked. */
export interface WatchedTenant {
  readonly tenantId: string;
  /** When the facts were read. */
  readonly at: Date;
  readonly facts: AlertFacts;
  /** Its open alerts, those of clocks apart. */
  readonly open: readonly OpenAlert[];
}

/** Alerts of all tenants. Times are the database's. */
export interface AlertStore {
  /** Tenants after an id, in order; null for the first ones. */
  listTenants(after: string | null, limit: number): Promise<string[]>;
  /** The same of the tenants alone that may have something to be alerted to, or to be told is over. */
  findTenantsToJudge(after: string | null, limit: number): Promise<string[]>;
  /** Facts of those of the tenants that exist, as they are now. */
  readFacts(tenantIds: readonly string[]): Promise<WatchedTenant[]>;
  /** Files that ended among those received in the 7 days before the last hour. */
  readWeekBefore(tenantId: string): Promise<EndedFiles>;
  /** Commits the changes. An alert that comes back within 10 minutes is the same one again. */
  saveChanges(tenantId: string, changes: AlertChanges): Promise<void>;
  /**
   * Opens an alert about the installation for every tenant that is not suspended, saying `detail` after its sentence, or
   * with null resolves it for all.
   */
  noteShared(kind: SharedAlertKind, detail: string | null): Promise<void>;
  /** Removes alerts resolved, and digests made, over 90 days ago, of these tenants or with null of all. */
  trimAlerts(tenantIds: readonly string[] | null, limit: number): Promise<number>;
}

export interface AlertReader {
  /** Newest first. */
  listAlerts(tenantId: string, query: AlertListQuery): Promise<List<Alert>>;
  /** Newest first. */
  listDeliveries(tenantId: string, query: AlertDeliveryListQuery): Promise<List<AlertDelivery>>;
  /** How many alerts of each kind are open, over all tenants; kinds without any apart. */
  countOpen(): Promise<{ kind: AlertKind; count: number }[]>;
  /** Seals and keeps a tenant's new webhook secret, in place of any before. False without such a tenant. */
  replaceWebhookSecret(tenantId: string, secret: string, by: Actor): Promise<boolean>;
  /** Makes a delivery of a test alert for each recipient that is set. Null without such a tenant. */
  sendTest(tenantId: string, by: Actor): Promise<AlertDelivery[] | null>;
}

/** A delivery whose time has come, leased to the asker. */
export interface DueDelivery {
  readonly tenantId: string;
  readonly deliveryId: string;
  readonly channel: 'email' | 'webhook';
  readonly target: string;
  /** This one included. */
  readonly attempt: number;
  readonly digest: Digest;
  /** As set now: null where the webhook was removed since. */
  readonly webhookUrl: string | null;
  /** The target is an e-mail address that is still set. */
  readonly isStillWanted: boolean;
  /** Null where none was made. */
  readonly webhookSecret: string | null;
}

/** A tenant that is to be told of its alerts. */
export interface Listener {
  readonly tenantId: string;
  readonly settings: AlertSettings;
}

export interface DeliveryStore {
  /** Tenants after an id that have unreported alerts, in order; null for the first ones. */
  listUnreported(after: string | null, limit: number): Promise<string[]>;
  /** Those of the tenants that have unreported alerts, a recipient, and no digest within the time that they set. */
  findListeners(tenantIds: readonly string[]): Promise<Listener[]>;
  /** Makes one digest with its deliveries. */
  makeDigest(listener: Listener): Promise<void>;
  /** Tenants after an id, in order; null for the first ones. */
  listTenants(after: string | null, limit: number): Promise<string[]>;
  /** Leases deliveries of these tenants, or with null of all, that are due for 2 minutes, counting the attempt. */
  takeDue(tenantIds: readonly string[] | null, limit: number): Promise<DueDelivery[]>;
  saveDelivered(tenantId: string, deliveryId: string): Promise<void>;
  /** With `retryInMs` null the delivery is given up. */
  saveFailed(
    tenantId: string,
    deliveryId: string,
    failure: DeliveryFailure,
    retryInMs: number | null,
  ): Promise<void>;
}

/** Sends one digest to one place: null where it was taken. Never throws for what the other side does. */
export interface DigestSender {
  sendMail(address: string, digest: Digest, deliveryId: string): Promise<DeliveryFailure | null>;
  sendWebhook(
    target: { readonly url: string; readonly secret: string },
    digest: Digest,
    deliveryId: string,
  ): Promise<DeliveryFailure | null>;
}

/** Days of one tenant, as `YYYY-MM-DD`. */
export interface DaysToReconcile {
  /** Of the last 7 days, those that ended over an hour ago by the tenant's clocks and are not stored. */
  readonly missing: readonly string[];
  /** Of the last 31 days, those that were stored with files left over. */
  readonly leftOver: readonly string[];
}

export interface ReconciliationStore {
  /** Tenants after an id, in order; null for the first ones. */
  listTenants(after: string | null, limit: number): Promise<string[]>;
  /** Null without such a tenant. */
  findUnreconciled(tenantId: string): Promise<DaysToReconcile | null>;
  /** Counts a day of a tenant as of now; undefined for yesterday. Null without such a tenant. */
  reconcile(tenantId: string, day?: string): Promise<Reconciliation | null>;
  /** Stores what was counted; a day that is stored keeps its first counts and takes only what is left over. */
  saveReconciliation(tenantId: string, reconciliation: Reconciliation): Promise<void>;
}
