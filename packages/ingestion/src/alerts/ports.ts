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
  readonly facts: AlertFacts;
  /** Its open alerts, those of clocks apart. */
  readonly open: readonly OpenAlert[];
}

/** Alerts of all tenants. Times are the database's. */
export interface AlertStore {
  /** Facts of the tenants after an id, in order, as they are at `now`. */
  readFacts(after: string, limit: number): Promise<{ now: Date; tenants: readonly WatchedTenant[] }>;
  /** Files that ended among those received in the 7 days before the last hour. */
  readWeekBefore(tenantId: string): Promise<EndedFiles>;
  /** Commits the changes. An alert that comes back within 10 minutes is the same one again. */
  saveChanges(tenantId: string, changes: AlertChanges): Promise<void>;
  /**
   * Opens an alert about the installation for every tenant that is not suspended, saying `detail` after its sentence, or
   * with null resolves it for all.
   */
  noteShared(kind: SharedAlertKind, detail: string | null): Promise<void>;
  /** Removes alerts resolved, and digests made, over 90 days ago. */
  trimAlerts(limit: number): Promise<number>;
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

export interface DeliveryStore {
  /**
   * Makes one digest, with its deliveries, for each tenant that has unreported alerts, a recipient, and no digest within
   * the time it set. Returns how many.
   */
  makeDigests(limit: number): Promise<number>;
  /** Leases deliveries that are due for 2 minutes, counting the attempt. */
  takeDue(limit: number): Promise<DueDelivery[]>;
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

/** A day that has ended by the tenant's clocks and is not stored, or was stored with files left over. */
export interface DayToReconcile {
  readonly tenantId: string;
  readonly day: string;
}

export interface ReconciliationStore {
  /**
   * Days to store: of the last 7 days, from an hour after their end; then, as far as the limit goes, stored days of the
   * last 31 that had files left over, to look at again.
   */
  findUnreconciled(limit: number): Promise<DayToReconcile[]>;
  /** Counts a day of a tenant as of now; undefined for yesterday. Null without such a tenant. */
  reconcile(tenantId: string, day?: string): Promise<Reconciliation | null>;
  /** Stores what was counted; a day that is stored keeps its first counts and takes only what is left over. */
  saveReconciliation(tenantId: string, reconciliation: Reconciliation): Promise<void>;
}
