import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

const BYTES = Buffer.from('RIFF0123456789WAVE');
const ETAG = `"${'ab'.repeat(32)}"`;

let api: TestApi;
let path: string;
let folder: string;

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  folder = await mkdtemp(join(tmpdir(), 'callbay-media-'));
  const file = join(folder, 'a.wav');
  await writeFile(file, BYTES);
  const blobKey = await api.blobs.put('acme', randomUUID(), file);
  const media = { name: 'Zoë "1".wav', contentType: 'audio/wav', bytes: BYTES, blobKey };
  path = `/v1/tenants/acme/calls/${await makeCall(api.db, 'acme', { media })}/media`;
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const get = (headers: Record<string, string> = {}) => api.ask(`GET ${path}`, { headers });

test('the whole recording comes with its type, size, digest and name, to be saved', async () => {
  const { status, headers, text } = await get();
  expect([status, text]).toEqual([200, BYTES.toString()]);
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'audio/wav',
    'content-length': '18',
    'accept-ranges': 'bytes',
    etag: ETAG,
    'content-disposition': `attachment; filename="Zo_ _1_.wav"; filename*=UTF-8''Zo%C3%AB%20%221%22.wav`,
    'x-content-type-options': 'nosniff',
  });
});

test.each([
  ['bytes=0-3', 'RIFF', 'bytes 0-3/18'],
  ['bytes=14-', 'WAVE', 'bytes 14-17/18'],
  ['bytes=-4', 'WAVE', 'bytes 14-17/18'],
  ['bytes=4-999', BYTES.toString().slice(4), 'bytes 4-17/18'],
])('a range comes alone: %s', async (range, bytes, contentRange) => {
  const { status, headers, text } = await get({ range });
  expect([status, text]).toEqual([206, bytes]);
  expect(headers.get('content-range')).toBe(contentRange);
  expect(headers.get('content-length')).toBe(String(bytes.length));
});

test('a range outside is a problem that tells the size', async () => {
  const { status, headers, body } = await get({ range: 'bytes=18-' });
  expect([status, body.code]).toEqual([416, 'RANGE_NOT_SATISFIABLE']);
  expect(headers.get('content-range')).toBe('bytes */18');
});

test('a range of another version is the whole', async () => {
  expect((await get({ range: 'bytes=0-3', 'if-range': '"other"' })).status).toBe(200);
  expect((await get({ range: 'bytes=0-3', 'if-range': ETAG })).status).toBe(206);
});

test('a recording that the client has is not sent again', async () => {
  for (const header of [ETAG, `"other", W/${ETAG}`, '*']) {
    expect((await get({ 'if-none-match': header })).status, header).toBe(304);
  }
  expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
});

test('HEAD tells the same without the bytes, and needs the same credential', async () => {
  const whole = await api.ask(`HEAD ${path}`);
  expect([whole.status, whole.headers.get('content-length'), whole.text]).toEqual([200, '18', '']);
  const part = await api.ask(`HEAD ${path}`, { headers: { range: 'bytes=0-3' } });
  expect([part.status, part.headers.get('content-length')]).toEqual([206, '4']);
  expect((await api.ask(`HEAD ${path}`, { key: null })).status).toBe(401);
  expect((await api.ask(`HEAD ${path}`, { key: await api.makeKey('operator') })).status).toBe(200);
});

test('a call without media, and bytes that are gone, answer as such', async () => {
  const silent = await makeCall(api.db, 'acme');
  expect((await api.ask(`GET /v1/tenants/acme/calls/${silent}/media`)).body.code).toBe('NOT_FOUND');
  const media = { name: 'a.wav', contentType: 'audio/wav', bytes: BYTES, blobKey: `acme/${randomUUID()}` };
  const gone = await makeCall(api.db, 'acme', { media });
  expect((await api.ask(`GET /v1/tenants/acme/calls/${gone}/media`)).body.code).toBe('BLOB_MISSING');
});
