/**
 * The use cases: reading a received file, advancing calls, replaying, sweeping; and the ports they need.
 * It knows no database, queue, protocol or storage, and decides nothing that `core` decides.
 * The apps call it with adapters in hand.
 */

export * from './access/ports.ts';
export type { ApiStores } from './admin/api-stores.ts';
export { apiKeyId, digestOf, isSameDigest, makeApiKey } from './admin/credentials.ts';
export { hashPassword, makePassword, verifyPassword } from './admin/password.ts';
export * from './admin/ports.ts';
export * from './alerts/ports.ts';
export { type AlertSweepDeps, sweepAlerts } from './alerts/sweep-alerts.ts';
export { type DeliverySweepDeps, sweepDeliveries } from './alerts/sweep-deliveries.ts';
export { type ReconciliationSweepDeps, sweepReconciliations } from './alerts/sweep-reconciliations.ts';
export * from './analysis/ports.ts';
export { type AnalysisOfCall, storeAnalysis } from './analysis/store-analysis.ts';
export {
  type AdvanceBatchDeps,
  advanceBatch,
  sweepBatches,
  sweepExpiredRows,
} from './batch/advance-batch.ts';
export * from './batch/ports.ts';
export type { BatchReadReport } from './batch/read-batch-rows.ts';
export { writeCsv } from './batch/write-csv.ts';
export * from './bundles/ports.ts';
export { bundleLimitMs, type ReadBundleDeps } from './bundles/read-bundle-file.ts';
export { type AdvanceCallsDeps, advanceCalls } from './calls/advance-calls.ts';
export * from './calls/ports.ts';
export * from './classify/inspection.ts';
export {
  createInspector,
  InspectionError,
  type Inspector,
  type InspectorOptions,
  MESSAGE_BYTES,
  MESSAGE_FILES,
} from './classify/inspector.ts';
export * from './classify/ports.ts';
export { batchLimitMs, type ReadAloneDeps, readAlone } from './classify/read-alone.ts';
export { type ReadGroupDeps, readGroup } from './classify/read-group.ts';
export { createReadSlots, type ReadSlots } from './classify/read-slots.ts';
export { type ReadWaitingDeps, readWaiting } from './classify/read-waiting.ts';
export { type ImportCrmDeps, importCrm, sweepCrmImports } from './crm/import-crm.ts';
export { createImportSlots, type ImportSlots } from './crm/import-slots.ts';
export * from './crm/ports.ts';
export type { CrmReadOptions, CrmReadReport } from './crm/read-crm-rows.ts';
export * from './events/ports.ts';
export { type ReadLimits, readTurn, type TurnPage } from './events/read-turn.ts';
export { Relay, type RelayDeps } from './events/relay.ts';
export * from './exports/ports.ts';
export { type FeedEventsDeps, feedEvents } from './feeds/feed-events.ts';
export { guidOf } from './feeds/guid.ts';
export * from './feeds/ports.ts';
export * from './folder/ports.ts';
export { type LinkRecordsDeps, sweepForgottenLinks, sweepLinks } from './linkage/link-records.ts';
export * from './linkage/ports.ts';
export * from './operations/ports.ts';
export * from './ports.ts';
export type { RowModule, RowSink } from './reading/row-module.ts';
export {
  RowReaderError,
  type RowReading,
  type RowReadingTask,
  startRowReading,
} from './reading/row-reader.ts';
export { newFileId } from './receive/file-id.ts';
export { type MoveFilesDeps, moveFiles } from './receive/move-files.ts';
export * from './receive/ports.ts';
export { type ReceiveFileDeps, receiveFile } from './receive/receive-file.ts';
export {
  createStorageRoom,
  ENDLESS_ROOM,
  type StorageRoom,
  type StorageRoomOptions,
} from './receive/storage-room.ts';
export type { UploadDoor, UploadPart, UploadProgress } from './receive/upload-ports.ts';
export * from './replays/index.ts';
export { replayFile } from './replays/replay-file.ts';
export { sweepDataRetention } from './retention/data-retention.ts';
export * from './retention/ports.ts';
export {
  type ChangedDrop,
  digestOfToken,
  foundDrop,
  planS3Drop,
  putS3Drop,
  reconcileS3Drop,
  removeS3Drop,
  rotateS3Key,
  type S3DropDeps,
  webhookUrlOf,
} from './s3/change-s3-drop.ts';
export { objectFileId } from './s3/object-file-id.ts';
export * from './s3/ports.ts';
export * from './sampling/index.ts';
export { type CountStorageDeps, countStorage } from './sweeps/count-storage.ts';
export * from './sweeps/ports.ts';
export { type RunSweepsDeps, runSweeps } from './sweeps/run-sweeps.ts';
export {
  type SweepDeps,
  sweepDueCalls,
  sweepRereads,
  sweepUnreadFiles,
} from './sweeps/sweep.ts';
export { sweepOldAlerts, sweepOldEvents } from './sweeps/sweep-old.ts';
export { type OrphanSweepDeps, sweepOrphans } from './sweeps/sweep-orphans.ts';
export { type PurgeDeps, sweepPurges } from './sweeps/sweep-purges.ts';
export { type SpaceSweepDeps, sweepSpace } from './sweeps/sweep-space.ts';
export { type TurnLimits, Turns } from './turns.ts';
export { type DeliverEventsDeps, deliverEvents } from './webhooks/deliver-events.ts';
export * from './webhooks/ports.ts';
