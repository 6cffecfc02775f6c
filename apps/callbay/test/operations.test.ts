import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createProgram } from '../src/program.ts';
import { exampleOf, type Schema } from './example-of.ts';

/** How each operation of the API is reached from the command line; `FILE.json` is a file with a JSON document. */
const COMMANDS: Readonly<Record<string, string>> = {
  getLiveness: 'status',
  getServiceHealth: 'status',
  getMetrics: 'metrics',
  createTenant: 'tenant create acme --name Acme',
  listTenants: 'tenant list',
  getTenant: 'tenant show acme',
  updateTenant: 'tenant update acme --name New --set crmWaitSeconds=5 --confirm',
  goLive: 'tenant go-live acme',
  getReadiness: 'tenant show acme',
  createApiKey: 'api-key create --role manager --tenant acme --label jo',
  listApiKeys: 'api-key list',
  revokeApiKey: 'api-key revoke text',
  createToken: 'tenant token acme',
  createSftpUser: 'sftp-user add acme --label pbx',
  listSftpUsers: 'sftp-user list acme',
  getSftpUser: 'sftp-user show acme text',
  updateSftpUser: 'sftp-user update acme text --new-password',
  deleteSftpUser: 'sftp-user remove acme text',
  createSftpKey: 'sftp-user key add acme text FILE.json',
  listSftpKeys: 'sftp-user key list acme text',
  deleteSftpKey: 'sftp-user key remove acme text text',
  putFolderDrop: 'folder-drop add acme',
  getFolderDrop: 'folder-drop show acme',
  deleteFolderDrop: 'folder-drop remove acme',
  putS3Drop: 's3-drop add acme',
  getS3Drop: 's3-drop show acme',
  rotateS3Key: 's3-drop rotate acme',
  reconcileS3Drop: 's3-drop reconcile acme',
  deleteS3Drop: 's3-drop remove acme',
  getMapping: 'mapping show acme',
  publishMapping: 'mapping publish acme FILE.json --if-version 3',
  rollBackMapping: 'mapping rollback acme 3',
  listMappings: 'mapping versions acme',
  previewMapping: 'mapping preview acme FILE.json --sample FILE.json --last-files 10',
  listPresets: 'mapping presets acme',
  lintMapping: 'mapping lint acme',
  readSample: 'mapping sample acme FILE.json',
  listFiles: 'files acme --q part --sent-by acme-1',
  getFile: 'file acme part',
  explainFile: 'explain acme part',
  listFileRows: 'rows acme part',
  sendFile: 'upload acme FILE.empty',
  sendFilePart: 'upload acme FILE.json',
  withdrawFile: 'withdraw acme part',
  replayFile: 'replay acme part',
  replayMany: 'replay acme --code SCHEMA_DRIFT --dry-run',
  listCalls: 'calls acme --q rep --field amount.gte=10',
  getCall: 'call show acme 1',
  updateCall: 'call update acme 1 --legal-hold yes',
  listCallHistory: 'call history acme 1',
  getCallMedia: 'call media acme 1 NEW-FILE',
  putAnalysis: 'call analyze acme 1 FILE.json',
  getAnalysis: 'call analysis acme 1',
  getTranscript: 'call transcript acme 1',
  listUnresolved: 'crm unresolved acme',
  listCrmObjects: 'crm list acme contacts',
  getCrmObject: 'crm show acme contacts c-1',
  exportCalls: 'export acme NEW-FILE --after-call-id 10',
  listHolds: 'holds acme',
  previewPurge: 'purges acme',
  previewDataRetention: 'retention preview acme --not-evaluated-days 10',
  listDeletedCalls: 'retention deleted acme',
  listAlerts: 'alerts list acme',
  listAlertDeliveries: 'alerts deliveries acme',
  sendTestAlert: 'alerts test acme',
  createWebhookSecret: 'alerts secret acme',
  getReconciliation: 'reconciliation acme --day 2026-03-01',
  listTenantStorage: 'storage',
  listAudit: 'audit --tenant acme',
  followEvents: 'events acme --after 0',
  createWebhook: 'webhook add acme https://example.com/events --event call.surfaced',
  listWebhooks: 'webhook list acme',
  getWebhook: 'webhook show acme text',
  updateWebhook: 'webhook update acme text --state active --rotate-secret',
  deleteWebhook: 'webhook remove acme text',
  listWebhookDeliveries: 'webhook deliveries acme text',
  replayWebhook: 'webhook replay acme text --from 2026-03-01T00:00:00Z',
  putFeed: 'feed set acme FILE.json',
  getFeed: 'feed show acme',
  deleteFeed: 'feed remove acme',
  testFeed: 'feed test acme',
  getFeedStatus: 'feed status acme',
  replayFeed: 'feed replay acme --from 2026-03-01T00:00:00Z',
  getConfig: 'tenant export acme',
  applyConfig: 'tenant apply acme FILE.json --create --dry-run',
  registerExternalRecordings: 'external add acme FILE.json',
  listExternalRecordings: 'external list acme',
  listMatches: 'matches list acme --file part',
  acceptMatch: 'matches accept acme 0c0ffee0-0000-4000-8000-000000000001',
  refuseMatch: 'matches refuse acme 0c0ffee0-0000-4000-8000-000000000001',
};

/** Operations without a command, each with the reason. */
const WITHOUT_COMMAND: Readonly<Record<string, string>> = {
  getUpload: 'the upload command asks for its progress by sending no part',
  discardUpload: 'the upload command gives none up; what it could not finish is removed after 7 days',
  pushS3Event: 'storage posts its events there; a person has none to post',
};

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content?: Record<string, { schema: Schema }> }>>;
}

const document = JSON.parse(
  await readFile(join(import.meta.dirname, '../../../docs/openapi.json'), 'utf8'),
) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...operation,
    method: method.toUpperCase(),
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    // Of two that fit, such as `/crm/unresolved` and `/crm/{type}`, the one with fewer parameters is meant.
    parameters: path.split('{').length,
  })),
);

let home: string;
let baseUrl: string;
const seen = new Set<string>();

const server = createServer((request, response) => {
  const path = request.url?.split('?')[0] ?? '';
  const [operation] = operations
    .filter(({ method, pattern }) => method === request.method && pattern.test(path))
    .sort((one, other) => one.parameters - other.parameters);
  request.resume();
  if (operation === undefined) {
    response.writeHead(404).end('{}');
    return;
  }
  seen.add(operation.operationId);
  const [status = '200', answer] =
    Object.entries(operation.responses).find(([code]) => code[0] === '2') ?? [];
  const [type = 'application/json', content] = Object.entries(answer?.content ?? {})[0] ?? [];
  response.writeHead(Number(status), { 'content-type': type });
  if (content === undefined) response.end();
  else {
    const json = JSON.stringify(exampleOf(content.schema, document.components.schemas));
    response.end(type === 'text/event-stream' ? `id: 1\ndata: ${json}\n\n` : json);
  }
});

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'callbay-operations-'));
  await writeFile(join(home, 'operator.key'), 'the-key\n');
  await writeFile(join(home, 'FILE.json'), '{"fields": []}');
  await writeFile(join(home, 'FILE.empty'), '');
  vi.stubEnv('CALLBAY_HOME', home);
  vi.stubEnv('XDG_CONFIG_HOME', home);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await rm(home, { recursive: true });
});

async function run(line: string, more: readonly string[] = []): Promise<string> {
  const words = line.split(' ').map((word) => (/^(NEW-)?FILE/.test(word) ? join(home, word) : word));
  let out = '';
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await createProgram().parseAsync([...words, '--url', baseUrl, ...more], { from: 'user' });
  } finally {
    written.mockRestore();
    process.exitCode = undefined;
  }
  return out;
}

test('every operation of the API has a command, or a reason why it has none', () => {
  const known = [...Object.keys(COMMANDS), ...Object.keys(WITHOUT_COMMAND)].sort();
  expect(known).toEqual(operations.map(({ operationId }) => operationId).sort());
});

test.each(Object.entries(COMMANDS))('%s is sent by: %s', async (operationId, line) => {
  seen.clear();
  expect(await run(line)).not.toBe('');
  expect([...seen]).toContain(operationId);
  await rm(join(home, 'NEW-FILE'), { force: true });
  const json = (await run(line, ['--json'])).trim();
  await rm(join(home, 'NEW-FILE'), { force: true });
  expect(() => JSON.parse(json)).not.toThrow();
});
