import { type DeliveryFailure, deliveryFailure, retryDelayMs } from '@callbay/core';
import type { PipelineLog } from '../ports.ts';
import { askForTenants, runForTenant, workOnTenants } from '../sweeps/each-tenant.ts';
import type { DeliveryStore, DigestSender, DueDelivery } from './ports.ts';

export interface DeliverySweepDeps {
  readonly deliveries: DeliveryStore;
  readonly sender: DigestSender;
  readonly log: PipelineLog;
}

/** Tenants of one page. */
const TENANTS = 100;
/** So many at once, each of 10 seconds at most: well within the lease. */
const AT_ONCE = 20;

/** Makes the digests that are due and sends what waits. Returns how many deliveries were tried. */
export async function sweepDeliveries(deps: DeliverySweepDeps): Promise<number> {
  await makeDigests(deps);
  const due = await takeDue(deps);
  await Promise.all(
    due.map((delivery) => {
      const { tenantId, deliveryId } = delivery;
      // What cannot be saved is sent again when its lease is over.
      return runForTenant(deps.log, { tenantId, deliveryId }, 'a delivery could not be saved', () =>
        deliver(deps, delivery),
      );
    }),
  );
  return due.length;
}

/** As many as are sent at once; the rest is due at the next sweep. */
async function takeDue({ deliveries, log }: DeliverySweepDeps): Promise<readonly DueDelivery[]> {
  let left = AT_ONCE;
  return workOnTenants({
    log,
    failure: 'alert deliveries could not be taken',
    listTenants: deliveries.listTenants,
    work: async (tenantIds) => {
      const taken = left > 0 ? await deliveries.takeDue(tenantIds, left) : [];
      left -= taken.length;
      return taken;
    },
  });
}

async function makeDigests({ deliveries, log }: DeliverySweepDeps): Promise<void> {
  const failed = 'an alert digest could not be made';
  for (let after: string | null = null; ; ) {
    const tenantIds: readonly string[] = await deliveries.listUnreported(after, TENANTS);
    const listeners = await askForTenants(log, tenantIds, failed, (ids) => deliveries.findListeners(ids));
    for (const listener of listeners) {
      const { tenantId } = listener;
      await runForTenant(log, { tenantId }, failed, () => deliveries.makeDigest(listener));
    }
    if (tenantIds.length < TENANTS) return;
    after = tenantIds.at(-1) ?? null;
  }
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
