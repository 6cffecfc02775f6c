import type { SecretSealer } from './access/host-keys.ts';
import { createAlertStore } from './alerts/alert-store.ts';
import { createDeliveryStore } from './alerts/delivery-store.ts';
import { createReconciliationStore } from './alerts/reconciliation-store.ts';
import { createBatchStore } from './batch/batch-store.ts';
import { createBundleStore } from './bundles/bundle-store.ts';
import { createCallStore } from './calls/call-store.ts';
import { createFileStore } from './calls/file-store.ts';
import { createCrmStore } from './crm/crm-store.ts';
import type { Database } from './database/database.ts';
import { createEventCursorStore } from './events/event-cursor-store.ts';
import { createFeedStore } from './feeds/feed-store.ts';
import { createLinkageStore } from './linkage/linkage-store.ts';
import { createRetentionStore } from './retention/retention-store.ts';
import { createTombstones } from './retention/tombstones.ts';
import { createSweepStore } from './sweeps/sweep-store.ts';
import { createWebhookStore } from './webhooks/webhook-store.ts';

/**
 * All that the pipeline's use cases load and save, on one database. `tombstoneKey`: 32 bytes, the same in every
 * process.
 */
export function createPipelineStores(
  db: Database,
  { sealer, tombstoneKey }: { sealer: SecretSealer; tombstoneKey: Uint8Array },
) {
  const tombstones = createTombstones(tombstoneKey);
  return {
    calls: createCallStore(db, tombstones),
    retention: createRetentionStore(db, tombstones),
    files: createFileStore(db),
    batches: createBatchStore(db),
    bundles: createBundleStore(db),
    links: createLinkageStore(db),
    sweeps: createSweepStore(db),
    crm: createCrmStore(db),
    alerts: createAlertStore(db),
    deliveries: createDeliveryStore(db, sealer),
    reconciliations: createReconciliationStore(db),
    cursors: createEventCursorStore(db),
    webhooks: createWebhookStore(db, sealer),
    feeds: createFeedStore(db, sealer),
  };
}
