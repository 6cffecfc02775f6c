import { type DeliveryFailure, deliveryFailure, retryDelayMs } from '@callbay/core';
import type { PipelineLog } from '../ports.ts';
import type { DeliveryStore, DigestSender, DueDelivery } from './ports.ts';

export interface DeliverySweepDeps {
  readonly deliveries: DeliveryStore;
  readonly sender: DigestSender;
  readonly log: PipelineLog;
}

const DIGESTS = 100;
/** So many at once, each of 10 seconds at most: well within the lease. */
const AT_ONCE = 20;

/** Makes the digests that are due and sends what waits. Answers how many deliveries were tried. */
export async function sweepDeliveries(deps: DeliverySweepDeps): Promise<number> {
  await deps.deliveries.makeDigests(DIGESTS);
  const due = await deps.deliveries.takeDue(AT_ONCE);
  await Promise.all(due.map((delivery) => deliver(deps, delivery)));
  return due.length;
}

async function deliver({ deliveries, sender, log }: DeliverySweepDeps, delivery: DueDelivery): Promise<void> {
  const { tenantId, deliveryId, channel, attempt } = delivery;
  const failure = await send(sender, delivery);
  if (failure === null) return deliveries.saveDelivered(tenantId, deliveryId);
  const retryInMs = failure.isRetryable ? retryDelayMs(attempt) : null;
  const told = { tenantId, deliveryId, channel, attempt, code: failure.code, retryInMs };
  log.warn(told, 'an alert digest was not delivered');
  return deliveries.saveFailed(tenantId, deliveryId, failure, retryInMs);
}

async function send(sender: DigestSender, delivery: DueDelivery): Promise<DeliveryFailure | null> {
  const { channel, target, digest, deliveryId, webhookUrl, webhookSecret, isStillWanted } = delivery;
  if (channel === 'email') {
    if (!isStillWanted) return deliveryFailure('RECIPIENT_REMOVED');
    return sender.sendMail(target, digest, deliveryId);
  }
  if (webhookUrl === null) return deliveryFailure('RECIPIENT_REMOVED');
  if (webhookSecret === null) return deliveryFailure('WEBHOOK_SECRET_MISSING');
  return sender.sendWebhook({ url: webhookUrl, secret: webhookSecret }, digest, deliveryId);
}
