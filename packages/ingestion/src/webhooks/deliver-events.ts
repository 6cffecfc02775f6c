import {
  type DeliveryFailure,
  deliveryFailure,
  type TenantEvent,
  webhookOfConsumer,
  webhookRetryMs,
} from '@callbay/core';
import type { EventCursorStore, EventLease } from '../events/ports.ts';
import { readTurn, type TurnPage } from '../events/read-turn.ts';
import type { PipelineLog } from '../ports.ts';
import type { WebhookAnswer, WebhookSender, WebhookStore, WebhookTarget } from './ports.ts';

export interface DeliverEventsDeps {
  readonly cursors: Pick<EventCursorStore, 'read' | 'advance' | 'advanceReplay'>;
  readonly webhooks: WebhookStore;
  readonly webhookSender: WebhookSender;
  readonly log: PipelineLog;
}

/** A cursor without an active webhook is of one that was changed just now. */
const UNKNOWN_AGAIN_MS = 60_000;
/** An endpoint that is slow but works gives its slot away after so long. */
const LIMITS = {
  turnMs: 10_000,
  page: { limit: 100, bytes: 4 * 1024 * 1024 },
  deliveryMs: 20_000,
};

/**
 * Posts the events of one webhook in their order, each until it is accepted. After a failure the rest waits, for as long as
 * `webhookRetryMs` says; after three days the webhook is disabled.
 */
export async function deliverEvents(
  deps: DeliverEventsDeps,
  lease: EventLease,
  signal: AbortSignal,
): Promise<{ readonly retryInMs?: number }> {
  const { tenantId, consumer } = lease;
  const webhookId = webhookOfConsumer(consumer);
  const found = webhookId === null ? null : await deps.webhooks.findTarget(tenantId, webhookId);
  if (webhookId === null || found === null) return { retryInMs: UNKNOWN_AGAIN_MS };
  let [target, sent] = [found, 0];
  try {
    for await (const page of readTurn(deps.cursors, lease, LIMITS, signal)) {
      for (const event of page.events) {
        if (!target.events.includes(event.type)) continue;
        if (signal.aborted || !page.mayDeliver()) return {};
        sent += 1;
        const failure = await deliver(deps, target, event, { lease, page });
        if (failure !== null) return failure;
        if (!(await page.advance(event.sequence))) return {};
        target = { ...target, attempts: 0, failingForMs: 0 };
      }
      const last = page.events.at(-1);
      // Those at the end may be of types that the webhook does not want.
      if (last !== undefined && !(await page.advance(last.sequence))) return {};
    }
    return {};
  } finally {
    if (sent > 0) await deps.webhooks.trimLog(tenantId, webhookId);
  }
}

/** Null where the event was accepted; else when to try again. */
async function deliver(
  { webhooks, webhookSender, log }: DeliverEventsDeps,
  target: WebhookTarget,
  event: TenantEvent,
  { lease, page }: { lease: EventLease; page: TurnPage },
): Promise<{ readonly retryInMs?: number } | null> {
  const { tenantId } = lease;
  const { webhookId } = target;
  const startedMs = performance.now();
  const { status, failure } = await send(webhookSender, target, event);
  const attempt = {
    sequence: event.sequence,
    eventId: event.eventId,
    type: event.type,
    isReplay: page.isReplay,
    durationMs: Math.round(performance.now() - startedMs),
    status,
  };
  if (failure === null) {
    await webhooks.saveDelivered(tenantId, webhookId, attempt);
    return null;
  }
  const retryInMs = webhookRetryMs({
    attempts: target.attempts + 1,
    failingForMs: target.failingForMs,
    isRetryable: failure.isRetryable,
  });
  const told = { tenantId, webhookId, sequence: event.sequence, code: failure.code, status, retryInMs };
  log.warn(told, retryInMs === null ? 'a webhook is disabled' : 'an event was not delivered to a webhook');
  await webhooks.saveFailed(lease, webhookId, attempt, failure, retryInMs === null);
  return retryInMs === null ? {} : { retryInMs };
}

async function send(
  sender: WebhookSender,
  { url, secrets }: WebhookTarget,
  event: TenantEvent,
): Promise<WebhookAnswer> {
  const unsigned: DeliveryFailure | null =
    secrets.length === 0 ? deliveryFailure('WEBHOOK_SECRET_MISSING') : null;
  if (unsigned !== null) return { status: null, failure: unsigned };
  return sender.send({ url, secrets, eventId: event.eventId, body: JSON.stringify(event) });
}
