import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFile, startApi, type TestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'acme2']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});

afterAll(() => api[Symbol.asyncDispose]());

/** A file that waits alone, with the hold of its key as the pipeline writes it. */
async function makeHold(tenantId: string, name: string, since: string): Promise<string> {
  const isRecording = name.endsWith('.wav');
  const code = isRecording ? 'NO_METADATA' : 'NO_RECORDING';
  const callKey = `stem:${name.slice(0, name.lastIndexOf('.'))}`;
  const kind = isRecording ? 'recording' : 'sidecar';
  const fileId = await makeFile(api.db, tenantId, { name, kind, code, callKey });
  const hold = {
    reasons: [{ code, message: 'It waits.' }],
    waitingFor: isRecording ? 'metadata' : 'recording',
    since,
    until: '2026-03-08T00:00:00.000Z',
    fileIds: [fileId],
  };
  await api.db.execute(
    `INSERT INTO calls (tenant_id, call_key, status, hold, held_since) VALUES ($1, $2, 'held', $3, $4)`,
    [tenantId, callKey, JSON.stringify(hold), since],
  );
  return fileId;
}

test('a hold tells what waits, for what and until when, longest first, with the files that look like its other half', async () => {
  const wav = await makeHold('acme', '20260301-090000_inbound_joe.wav', '2026-03-01T09:00:00Z');
  const json = await makeHold('acme', '20260301-090000_inbound_Joe.json', '2026-03-01T10:00:00Z');
  await makeHold('acme', '20260301-090000_inbound_joee.wav', '2026-03-01T11:00:00Z');
  await makeHold('acme', '20260415-171200_outbound_kim.json', '2026-03-01T12:00:00Z');
  await makeHold('acme2', '20260301-090000_inbound_jo.json', '2026-03-01T09:00:00Z');

  const { body } = await api.ask('GET /v1/tenants/acme/holds?limit=2');
  expect(body.items).toEqual([
    {
      callKey: 'stem:20260301-090000_inbound_joe',
      reasons: [{ code: 'NO_METADATA', message: 'It waits.' }],
      waitingFor: 'metadata',
      since: '2026-03-01T09:00:00.000Z',
      until: '2026-03-08T00:00:00.000Z',
      fileIds: [wav],
      nearMisses: [
        { fileId: json, name: '20260301-090000_inbound_Joe.json', score: 0.95, why: expect.any(String) },
      ],
    },
    expect.objectContaining({
      waitingFor: 'recording',
      nearMisses: [
        expect.objectContaining({ fileId: wav, score: 0.95 }),
        expect.objectContaining({ name: '20260301-090000_inbound_joee.wav', score: 0.85 }),
      ],
    }),
  ]);
  const rest = await api.ask(`GET /v1/tenants/acme/holds?limit=2&cursor=${body.nextCursor}`);
  const keys = rest.body.items.map(({ callKey }: { callKey: string }) => callKey);
  expect(keys).toEqual(['stem:20260301-090000_inbound_joee', 'stem:20260415-171200_outbound_kim']);
  expect(rest.body.items[1].nearMisses).toEqual([]);
  expect(rest.body.nextCursor).toBeNull();

  const waiting = await api.ask('GET /v1/tenants/acme/holds?waitingFor=recording');
  expect(waiting.body.items).toHaveLength(2);
});
