import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

/** The seed's own example: the payload of `ConversationAnalyzedForDataFeeder`. Source: D3. */
const SAMPLE = JSON.parse(await readFile(join(import.meta.dirname, 'fixtures/analysis.json'), 'utf8'));
const NAME = 'testsss.wav';
const media = { name: NAME, contentType: 'audio/wav', bytes: Buffer.from('x'), blobKey: 'acme/x' };
const PATH = '/v1/tenants/acme/calls/1';

let api: TestApi;
let engine: string;
beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  engine = await api.makeKey('engine', ['acme']);
  await makeCall(api.db, 'acme', { media, fields: { company: 'Globex' } });
  await makeCall(api.db, 'acme', { media: { ...media, name: 'other.wav' }, fields: { company: 'Initech' } });
});
afterAll(() => api[Symbol.asyncDispose]());

const put = (body: unknown, call = 1) =>
  api.ask(`PUT /v1/tenants/acme/calls/${call}/analysis`, { key: engine, body });
const get = (path: string) => api.ask(`GET ${PATH}${path}`);
const search = async (query: string): Promise<number[]> => {
  const { body } = await api.ask(`GET /v1/tenants/acme/calls?${query}`);
  return body.items.map(({ callId }: { callId: number }) => callId);
};
const changeSeq = async (): Promise<number> => (await get('')).body.changeSeq;

test('before an analysis there is none, and no transcript', async () => {
  expect((await get('/analysis')).status).toBe(404);
  expect((await get('/transcript')).body).toEqual({
    source: null,
    speakerSeparation: 'channels',
    channelMap: { rep: 'left', contact: 'right' },
    segments: [],
  });
  expect((await get('')).body.analysis).toBeNull();
});

test('case 74: the sample of the feed is stored, its keys trimmed with a warning, and read back', async () => {
  const before = await changeSeq();
  const { status, body } = await put(SAMPLE);
  expect([status, body]).toEqual([
    200,
    {
      callId: 1,
      version: 1,
      analyzedAt: expect.any(String),
      changeSeq: expect.any(Number),
      warnings: [{ code: 'KEY_TRIMMED', message: expect.any(String), at: 'AiInsights.ChurnRisk' }],
    },
  ]);
  expect(body.changeSeq).toBeGreaterThan(before);
  expect(await changeSeq()).toBe(body.changeSeq);
  const read = (await get('/analysis')).body;
  expect(read).toMatchObject({ version: 1, AgentMonotonicityRatio: 72, AiInsights: { ChurnRisk: 'Low' } });
  expect(read.Transcripts).toEqual(SAMPLE.Transcripts);
  expect((await get('')).body.analysis).toEqual({ version: 1, analyzedAt: read.analyzedAt });
});

test('the transcript tells who is heard on which side', async () => {
  const { segments, source } = (await get('/transcript')).body;
  expect([source, segments.length]).toEqual(['analysis', SAMPLE.Transcripts.length]);
  expect(segments.slice(0, 2)).toEqual([
    {
      from: 0,
      until: 2400,
      channel: 'left',
      speaker: 'agent',
      text: 'hello this is mike how can i help you today',
    },
    expect.objectContaining({ from: 2500, until: 5180, channel: 'right', speaker: 'customer' }),
  ]);
});

test('words of the transcript, the insights and the fields find the call together', async () => {
  expect(await search('q=premium')).toEqual([1]);
  expect(await search('q=premium%20globex')).toEqual([1]);
  expect(await search('q=premium%20initech')).toEqual([]);
  expect(await search('q=globex%20-premium')).toEqual([]);
  expect(await search('q=unauthorized')).toEqual([1]);
});

test('the same analysis again changes nothing; another one is the next version', async () => {
  const before = await changeSeq();
  expect((await put(SAMPLE)).body).toMatchObject({ version: 1, changeSeq: before });
  const { body } = await put({ ...SAMPLE, AgentTensionRatio: 100 });
  expect(body).toMatchObject({ version: 2, changeSeq: before + 1 });
  const events = await api.db.query(
    `SELECT type, call_id AS "callId", payload FROM outbox WHERE tenant_id = 'acme' AND type = 'call.analyzed' ORDER BY seq`,
  );
  const { '    ChurnRisk': risk, ...insights } = SAMPLE.AiInsights;
  const payload = {
    v: 1,
    segments: 16,
    agentTensionRatio: 0,
    agentMonotonicityRatio: 72,
    customerTensionRatio: 8,
    averageCustomerSentimentScore: 65,
    averageAgentSentimentScore: 78,
    aiInsights: { ...insights, ChurnRisk: risk },
  };
  expect(events).toEqual([
    { type: 'call.analyzed', callId: 1, payload: { ...payload, analysisVersion: 1 } },
    { type: 'call.analyzed', callId: 1, payload: { ...payload, analysisVersion: 2, agentTensionRatio: 100 } },
  ]);
});

test('the export shows it where a tenant maps nothing else to the column', async () => {
  const key = await api.makeKey('tenant', ['acme']);
  const columns = 'columns=callId,sentiment,topics,numSpkChannels';
  const rows = (await api.ask(`GET /v1/sa/call?${columns}`, { key })).body;
  expect(rows[0]).toEqual({
    callId: 1,
    sentiment: 65,
    topics: 'account access and plan upgrade',
    numSpkChannels: 2,
  });
  expect(rows[1]).toEqual({ callId: 2, sentiment: null, topics: null, numSpkChannels: null });
  const csv = (await api.ask(`GET /v1/sa/call?format=csv&${columns}`, { key })).text;
  expect(csv.split('\n')[1]).toBe('1,"65","account access and plan upgrade","2",');
});

test('a map with the agent on the right is that of analyses from then on', async () => {
  await api.ask('PATCH /v1/tenants/acme', { body: { settings: { channelMap: { rep: 'right' } } } });
  expect((await get('/transcript')).body.channelMap).toEqual({ rep: 'left', contact: 'right' });
  expect((await put({ ...SAMPLE, AgentTensionRatio: 100 })).body.version).toBe(3);
  const { channelMap, segments } = (await get('/transcript')).body;
  expect([channelMap.rep, segments[0].channel, segments[1].channel]).toEqual(['right', 'right', 'left']);
});

const utterance = { Channel: 1, Text: 'hello', Times: '0 10;10 20', StartTime: 0, EndTime: 20 };
const said = (change: Record<string, unknown>) => ({ Transcripts: [utterance, { ...utterance, ...change }] });

describe('an analysis that cannot be of the call is refused and nothing is stored', () => {
  test.each<[string, unknown, number, string, string]>([
    ['a third channel', said({ Channel: 3 }), 422, 'CHANNEL_INVALID', 'Transcripts[1].Channel'],
    ['channel 0', said({ Channel: 0 }), 422, 'CHANNEL_INVALID', 'Transcripts[1].Channel'],
    ['a start after the end', said({ StartTime: 21 }), 422, 'TIMES_INVALID', 'Transcripts[1].StartTime'],
    ['a negative start', said({ StartTime: -1 }), 422, 'TIMES_INVALID', 'Transcripts[1].StartTime'],
    ['half a word', said({ Times: '0 10;10' }), 422, 'TIMES_INVALID', 'Transcripts[1].Times'],
    ['words for numbers', said({ Times: 'a b' }), 422, 'TIMES_INVALID', 'Transcripts[1].Times'],
    ['a word backwards', said({ Times: '10 0' }), 422, 'TIMES_INVALID', 'Transcripts[1].Times'],
    ['words out of order', said({ Times: '10 20;0 10' }), 422, 'TIMES_INVALID', 'Transcripts[1].Times'],
    ['a ratio over 100', { AgentTensionRatio: 101 }, 422, 'RATIO_INVALID', 'AgentTensionRatio'],
    ['a ratio below 0', { CustomerTensionRatio: -1 }, 422, 'RATIO_INVALID', 'CustomerTensionRatio'],
    ['another call', { ConversationExternalId: NAME }, 422, 'EXTERNAL_ID_OTHER', 'ConversationExternalId'],
    [
      'insights of another call',
      { AiInsights: { externalId: NAME } },
      422,
      'EXTERNAL_ID_OTHER',
      'AiInsights.externalId',
    ],
    ['a word as channel', said({ Channel: 'left' }), 400, 'TYPE_INVALID', 'Transcripts[1].Channel'],
    ['a field that is none', { Sentiment: 1 }, 400, 'UNKNOWN_FIELD', 'Sentiment'],
    ['a key twice', { AiInsights: { a: 1, ' a': 2 } }, 400, 'KEY_TWICE', 'AiInsights.a'],
    ['NUL in a text', said({ Text: 'a\0b' }), 400, 'TEXT_INVALID', 'Transcripts[1].Text'],
    ['not an object', [], 400, 'TYPE_INVALID', ''],
  ])('%s', async (_title, body, status, code, at) => {
    const answer = await put(body, 2);
    expect([answer.status, answer.body.issues[0].code]).toEqual([status, code]);
    if (at !== '') expect(answer.body.issues[0].at).toBe(at);
    expect((await api.ask('GET /v1/tenants/acme/calls/2/analysis')).status).toBe(404);
  });
});

test('16 MiB are taken, a byte more is a 413', async () => {
  const text = (length: number) => {
    const empty = JSON.stringify({ AiInsights: { note: '' } });
    return empty.replace('""', `"${'a'.repeat(length - empty.length)}"`);
  };
  const send = (body: string) => api.ask('PUT /v1/tenants/acme/calls/2/analysis', { key: engine, body });
  expect((await send(text(16 * 2 ** 20 + 1))).status).toBe(413);
  expect((await send(text(16 * 2 ** 20))).status).toBe(200);
});

test('a call that is absent or not visible is a 404, and the role tenant may not', async () => {
  expect((await put(SAMPLE, 999)).status).toBe(404);
  const key = await api.makeKey('tenant', ['acme']);
  expect((await api.ask(`PUT ${PATH}/analysis`, { key, body: SAMPLE })).status).toBe(403);
});
