import type {
  List,
  NewWebhook,
  Webhook,
  WebhookChange,
  WebhookDelivery,
  WebhookDeliveryListQuery,
} from '@callbay/contracts';
import type { DeliveryFailure, EventType } from '@callbay/core';
import type { EventLease } from '../events/ports.ts';
import type { Actor, Page } from '../ports.ts';

/** An active webhook as it is delivered to. */
export interface WebhookTarget {
  readonly webhookId: string;
  readonly url: string;
  readonly events: readonly EventType[];
  /** The secret, and after a rotation the one before. Empty where none can be unsealed. */
  readonly secrets: readonly string[];
  /** Failed attempts of the next event, and since when they fail; 0 where the last attempt succeeded. */
  readonly attempts: number;
  readonly failingForMs: number;
}

/** One event that is posted, and how that went. */
export interface WebhookAttempt {
  readonly sequence: number;
  readonly eventId: string;
  readonly type: EventType;
  readonly isReplay: boolean;
  readonly durationMs: number;
  /** Null without an answer. */
  readonly status: number | null;
}

/** What the relay of webhooks loads and saves. */
export interface WebhookStore {
  /** Null for a webhook that is gone, paused or disabled. */
  findTarget(tenantId: string, webhookId: string): Promise<WebhookTarget | null>;
  /** Writes the log and forgets earlier failures. The cursor is moved apart. */
  saveDelivered(tenantId: string, webhookId: string, attempt: WebhookAttempt): Promise<void>;
  /** Writes the log and counts the failure. With `isGivenUp` the webhook is disabled, and its cursor rests. */
  saveFailed(
    lease: EventLease,
    webhookId: string,
    attempt: WebhookAttempt,
    failure: DeliveryFailure,
    isGivenUp: boolean,
  ): Promise<void>;
  /** Removes what the log has beyond its newest 1,000 entries. */
  trimLog(tenantId: string, webhookId: string): Promise<void>;
}

/** A message as it goes out. */
export interface WebhookMessage {
  readonly url: string;
  readonly secrets: readonly string[];
  readonly eventId: string;
  readonly body: string;
}

export interface WebhookAnswer {
  readonly status: number | null;
  readonly failure: DeliveryFailure | null;
}

/** Posts one message. Never throws for what the other side does. */
export interface WebhookSender {
  send(message: WebhookMessage): Promise<WebhookAnswer>;
}

/** Webhooks as the API changes them. Each change commits with its audit row. */
export interface WebhookAdmin {
  /** Throws CONFLICT beyond the most that a tenant may have. Null without such a tenant. Reads events from now on. */
  createWebhook(
    tenantId: string,
    webhook: NewWebhook & { secret: string },
    by: Actor,
  ): Promise<Webhook | null>;
  /** By id. */
  listWebhooks(tenantId: string, page: Page<string>): Promise<List<Webhook>>;
  findWebhook(tenantId: string, webhookId: string): Promise<Webhook | null>;
  /** With `secret` the present one is kept as the old one, for so many seconds. An active webhook is tried at once. */
  updateWebhook(
    tenantId: string,
    webhookId: string,
    change: Omit<WebhookChange, 'rotateSecret' | 'oldSecretSeconds'>,
    rotation: { secret: string; oldSecretSeconds: number } | null,
    by: Actor,
  ): Promise<Webhook | null>;
  deleteWebhook(tenantId: string, webhookId: string, by: Actor): Promise<boolean>;
  /** Newest attempt first; null without such a webhook. */
  listDeliveries(
    tenantId: string,
    webhookId: string,
    query: WebhookDeliveryListQuery,
  ): Promise<List<WebhookDelivery> | null>;
  /** Returns how many events the span holds; null without such a webhook. */
  replayWebhook(
    tenantId: string,
    webhookId: string,
    span: { from: Date; to: Date | null },
    by: Actor,
  ): Promise<number | null>;
}
