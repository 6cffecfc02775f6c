// The zod schemas of all that crosses a process, and the types that follow from them; OpenAPI is made from the same.
// It never reads a database, a clock or the network, and decides nothing about calls.
// HTTP routes, job handlers, stores that answer with these shapes, and tests import it.
export * from './alerts.ts';
export * from './analyses.ts';
export * from './api-keys.ts';
export * from './audit.ts';
export * from './calls.ts';
export {
  Instant,
  InstantInput,
  IssueView,
  isStorableText,
  Problem,
  TenantId,
  TenantParams,
  Uuid,
} from './common.ts';
export * from './configs.ts';
export * from './crm.ts';
export * from './data-retention.ts';
export * from './events.ts';
export * from './exports.ts';
export * from './external-recordings.ts';
export * from './feeds.ts';
export * from './files.ts';
export * from './folder-drops.ts';
export * from './health.ts';
export * from './holds.ts';
export * from './json-text.ts';
export * from './lints.ts';
export {
  encodeCursor,
  ITEM_BYTES,
  type List,
  Omitted,
  PAGE_BYTES,
  pageOf,
  type RowsOfPage,
  toPage,
} from './lists.ts';
export * from './mappings.ts';
export * from './matches.ts';
export { mergeSettings } from './merge-settings.ts';
export * from './operations.ts';
export * from './previews.ts';
export * from './purges.ts';
export * from './reconciliation.ts';
export * from './replays.ts';
export { toRange } from './rules.ts';
export * from './s3-drops.ts';
export * from './samples.ts';
export * from './sftp-users.ts';
export { parseSshPublicKey, type SshPublicKeyParts } from './ssh-public-key.ts';
export * from './tenants.ts';
export * from './uploads.ts';
export * from './webhooks.ts';
