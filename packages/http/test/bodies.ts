import { OTHER_ED25519 } from '@callbay/testkit';

/** Bodies that the routes accept, by operation, so that only what a test spoils is refused. */
export const BODIES: Readonly<Record<string, unknown>> = {
  createWebhook: { url: 'https://8.8.8.8/events' },
  updateWebhook: { label: 'crm' },
  replayWebhook: { from: '2026-03-01T00:00:00Z' },
  updateTenant: { name: 'Renamed' },
  goLive: {},
  createToken: {},
  createSftpUser: {},
  updateSftpUser: { label: 'renamed' },
  createSftpKey: { publicKey: OTHER_ED25519 },
  rollBackMapping: { version: 1 },
  putFolderDrop: {},
  publishMapping: { fields: [{ source: 'a', target: 'b', type: 'string' }] },
  updateCall: { evaluated: true },
  putAnalysis: { Transcripts: [] },
  createWebhookSecret: {},
  sendTestAlert: {},
  previewMapping: { mapping: { fields: [] }, lastFiles: 1 },
  replayMany: { code: 'SCHEMA_DRIFT' },
  applyConfig: { callbay: 1, name: 'a', timeZone: null, mappings: { call: { fields: [] } } },
  readSample: { datetime: '2026-03-02T10:00:00Z' },
  registerExternalRecordings: { source: 'zoom', id: 'a' },
  acceptMatch: {},
  refuseMatch: {},
};
