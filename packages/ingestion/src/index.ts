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
export * from './call-ports.ts';
export { type ClassifyFileDeps, classifyFile } from './classify-file.ts';
export { apiKeyId, digestOf, isSameDigest, makeApiKey } from './credentials.ts';
export { type ImportCrmDeps, importCrm, sweepCrmImports } from './crm/import-crm.ts';
export { createImportSlots, type ImportSlots } from './crm/import-slots.ts';
export * from './crm/ports.ts';
export type { CrmReadOptions, CrmReadReport } from './crm/read-crm-rows.ts';
export { createInspector, type Inspector } from './inspector.ts';
export * from './ports.ts';
export { replayFile } from './replay-file.ts';
export { RowReaderError, type RowReading, type RowReadingTask, startRowReading } from './row-reader.ts';
export type { RowModule, RowSink } from './rows/row-module.ts';
export { runSweeps } from './run-sweeps.ts';
export { type SweepDeps, sweepDueCalls, sweepOrphans, sweepPurges, sweepUnreadFiles } from './sweep.ts';
export * from './sweep-ports.ts';
