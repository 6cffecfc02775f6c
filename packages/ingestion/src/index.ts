/**
 * The use cases: reading a received file, advancing calls, replaying, sweeping; and the ports they need.
 * It knows no database, queue, protocol or storage, and decides nothing that `core` decides.
 * The apps call it with adapters in hand.
 */
export * from './admin-ports.ts';
export {
  type AdvanceCallsDeps,
  advanceCalls,
  type PipelineLog,
  type PipelineMetrics,
} from './advance-calls.ts';
export * from './alerts/ports.ts';
export { type AlertSweepDeps, sweepAlerts } from './alerts/sweep-alerts.ts';
export { type DeliverySweepDeps, sweepDeliveries } from './alerts/sweep-deliveries.ts';
export { type ReconciliationSweepDeps, sweepReconciliations } from './alerts/sweep-reconciliations.ts';
export type { ApiStores } from './api-stores.ts';
export {
  type AdvanceBatchDeps,
  advanceBatch,
  sweepBatches,
  sweepExpiredRows,
} from './batch/advance-batch.ts';
export * from './batch/ports.ts';
export type { BatchReadReport } from './batch/read-batch-rows.ts';
export * from './call-ports.ts';
export { type ClassifyFileDeps, classifyFile } from './classify-file.ts';
export { apiKeyId, digestOf, isSameDigest, makeApiKey } from './credentials.ts';
export { type ImportCrmDeps, importCrm, sweepCrmImports } from './crm/import-crm.ts';
export { createImportSlots, type ImportSlots } from './crm/import-slots.ts';
export * from './crm/ports.ts';
export type { CrmReadOptions, CrmReadReport } from './crm/read-crm-rows.ts';
export { sweepDataRetention } from './data-retention.ts';
export { createInspector, type Inspector } from './inspector.ts';
export { type LinkRecordsDeps, sweepForgottenLinks, sweepLinks } from './link-records.ts';
export * from './linkage-ports.ts';
export { hashPassword, makePassword, verifyPassword } from './password.ts';
export * from './ports.ts';
export { replayFile } from './replay-file.ts';
export * from './replays/index.ts';
export * from './retention-ports.ts';
export { RowReaderError, type RowReading, type RowReadingTask, startRowReading } from './row-reader.ts';
export type { RowModule, RowSink } from './rows/row-module.ts';
export { type RunSweepsDeps, runSweeps } from './run-sweeps.ts';
export * from './sampling/index.ts';
export { type SweepDeps, sweepDueCalls, sweepOrphans, sweepPurges, sweepUnreadFiles } from './sweep.ts';
export * from './sweep-ports.ts';
