export { CallbayClient, type CallbayOptions, type CallFilter, type Query } from './client.ts';
export { CallbayError, type ProblemIssue } from './error.ts';
export type { CallEvent, ChangedCall, DeletedCall, ExportedCall, ReceivedFile } from './types.ts';
export { verifyWebhook } from './verify-webhook.ts';
