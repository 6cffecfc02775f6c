import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrive, sweep } from './arrivals.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await startApi();
});

afterAll(() => api[Symbol.asyncDispose]());

const MINIMUM = [
  { source: 'datetime', target: 'startedAt', type: 'instant', required: true },
  { source: 'email', target: 'user', type: 'id', required: true },
  { source: 'direction', target: 'direction', type: 'enum', required: true },
];
const SCORED = [...MINIMUM, { source: 'score', target: 'score', type: 'number' }];
const record = (change: Record<string, string> = {}) => ({
  datetime: '2026-03-02T10:00:00Z',
  email: 'a@b.test',
  direction: 'inbound',
  score: '7',
  ...change,
});

async function newTenant(): Promise<string> {
  const id = `replayed-${++count}`;
  await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'UTC', stage: 'live' } });
  await publish(id, MINIMUM);
  return id;
}

const publish = (id: string, fields: unknown) =>
  api.ask(`PUT /v1/tenants/${id}/mappings/call`, { body: { fields } });
const replay = (id: string, body: unknown) => api.ask(`POST /v1/tenants/${id}/replays`, { body });
const calls = async (id: string) => (await api.ask(`GET /v1/tenants/${id}/calls`)).body.items;
const file = async (id: string, fileId: string) =>
  (await api.ask(`GET /v1/tenants/${id}/files/${fileId}`)).body;

async function pair(id: string, name: string, change: Record<string, string> = {}): Promise<string> {
  await arrive(api.db, id, `${name}.wav`);
  return arrive(api.db, id, `${name}.json`, [record(change)]);
}

test('calls of an older mapping version get one revision by the new one, and tell so in feed and history', async () => {
  const id = await newTenant();
  await pair(id, 'a');
  await pair(id, 'b', { score: '' });
  await publish(id, SCORED);
  const result = await replay(id, { mappingVersion: 2 });
  expect(result.body).toEqual({
    dryRun: false,
    replayed: 2,
    skipped: 0,
    skippedByCode: {},
    unchanged: 0,
    nextCursor: null,
  });
  await sweep(api.db);
  const [a, b] = (await calls(id)).sort(
    (x: { callId: number }, y: { callId: number }) => x.callId - y.callId,
  );
  expect(a).toMatchObject({ callId: 1, revision: 2, mappingVersion: 3, fields: { score: 7 } });
  expect(b).toMatchObject({ callId: 2, revision: 2, mappingVersion: 3, fields: { score: null } });
  const { body } = await api.ask(`GET /v1/tenants/${id}/calls/1/history`);
  expect(body.items.map(({ changed }: { changed: object }) => changed)[1]).toEqual({ score: ['7', 7] });
  const events = await api.db.query<{ type: string; revision: number }>(
    `SELECT type, revision FROM outbox WHERE tenant_id = $1 AND call_key = 'stem:a' ORDER BY seq`,
    [id],
  );
  expect(events).toEqual([
    { type: 'call.surfaced', revision: 1 },
    { type: 'call.updated', revision: 2 },
  ]);
});

test('replaying again, and deciding again, changes nothing', async () => {
  const id = await newTenant();
  await pair(id, 'a');
  await publish(id, SCORED);
  await replay(id, { mappingVersion: 2 });
  await sweep(api.db);
  const before = await calls(id);
  const again = await replay(id, { receivedFrom: '2020-01-01T00:00:00Z' });
  expect(again.body).toMatchObject({ replayed: 0, unchanged: 1 });
  await api.db.execute(`UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1`, [id]);
  await sweep(api.db);
  expect(await calls(id)).toEqual(before);
});

test('a call whose record the new version refuses stays as it is, and is counted by its code', async () => {
  const id = await newTenant();
  await pair(id, 'a', { score: 'seven' });
  await publish(
    id,
    SCORED.map((field) => ({ ...field, required: true })),
  );
  const { body } = await replay(id, { mappingVersion: 2 });
  expect(body).toMatchObject({ replayed: 0, skipped: 1, skippedByCode: { METADATA_INVALID: 1 } });
  await sweep(api.db);
  expect(await calls(id)).toMatchObject([{ revision: 1, mappingVersion: 2, fields: { score: 'seven' } }]);
});

test('a dry run counts and changes nothing', async () => {
  const id = await newTenant();
  await pair(id, 'a');
  await arrive(api.db, id, 'x.json', [record({ datetime: 'soon' })]);
  await publish(id, SCORED);
  const { body } = await replay(id, { mappingVersion: 2, dryRun: true });
  expect(body).toMatchObject({ dryRun: true, replayed: 2 });
  await sweep(api.db);
  expect(await calls(id)).toMatchObject([{ revision: 1 }]);
});

test('a rejected file is judged again from its kept strings, without its bytes being read', async () => {
  const id = await newTenant();
  await arrive(api.db, id, 'a.wav');
  const fileId = await arrive(api.db, id, 'a.json', [record({ datetime: '03/02/2026 10:00' })]);
  expect(await file(id, fileId)).toMatchObject({ state: 'rejected', outcome: { code: 'METADATA_INVALID' } });
  await publish(id, [{ ...MINIMUM[0], formats: ['MM/dd/yyyy HH:mm'] }, ...MINIMUM.slice(1)]);
  expect((await replay(id, { code: 'METADATA_INVALID' })).body).toMatchObject({ replayed: 1, skipped: 0 });
  const rows = await api.db.query(
    'SELECT FROM files WHERE tenant_id = $1 AND id = $2 AND classified_at IS NOT NULL',
    [id, fileId],
  );
  expect(rows).toHaveLength(1);
  await sweep(api.db);
  expect(await file(id, fileId)).toMatchObject({ state: 'done', outcome: { code: 'SURFACED' } });
  expect(await calls(id)).toMatchObject([{ startedAt: '2026-03-02T10:00:00.000Z', mappingVersion: 3 }]);
});

test('after a purge, a rejected update still reaches its call, and what was never paired stays away', async () => {
  const id = await newTenant();
  const datetime = new Date().toISOString();
  await pair(id, 'a', { datetime });
  const update = await arrive(api.db, id, 'a.json', [
    record({ datetime, direction: 'sideways', score: '9' }),
  ]);
  const lone = await arrive(api.db, id, 'lone.json', [record({ datetime, direction: 'sideways' })]);
  await api.db.execute('UPDATE files SET purged_at = callbay_now() WHERE tenant_id = $1', [id]);
  const aliases = { inbound: 'inbound', sideways: 'internal' };
  await publish(id, [...MINIMUM.slice(0, 2), { ...MINIMUM[2], aliases }]);
  const { body } = await replay(id, { code: 'METADATA_INVALID' });
  expect(body).toMatchObject({ replayed: 1, skipped: 1 });
  await sweep(api.db);
  expect(await file(id, update)).toMatchObject({ state: 'done', outcome: { code: 'UPDATED' } });
  expect(await file(id, lone)).toMatchObject({ state: 'rejected', outcome: { code: 'METADATA_INVALID' } });
  expect(await calls(id)).toMatchObject([{ revision: 2, direction: 'internal' }]);
});

test('a batch of 500 tells where to go on, and going on reaches everything once', async () => {
  const id = await newTenant();
  await pair(id, 'a');
  const rows = Array.from({ length: 620 }, (_, n) => n);
  await api.db.execute(
    `INSERT INTO files (tenant_id, id, drop, name, stem, ext, size_bytes, blob_key, sent_by, received_at, receive_seq,
                        modified_at, kind, classified_at, state, outcome_code, shown_name)
     SELECT $1, gen_random_uuid(), 'sftp', n || '.json', n || '', 'json', 1, $1 || '/' || n, 't', callbay_now(), 1000 + n,
            callbay_now(), 'sidecar', callbay_now(), 'rejected', 'SCHEMA_DRIFT', n || '.json' FROM unnest($2::int[]) AS n`,
    [id, rows],
  );
  await publish(id, SCORED);
  const first = await replay(id, { receivedFrom: '2020-01-01T00:00:00Z' });
  expect(first.body).toMatchObject({ replayed: 500, nextCursor: expect.any(String) });
  const cursor = first.body.nextCursor;
  const second = await replay(id, { receivedFrom: '2020-01-01T00:00:00Z', cursor });
  expect(second.body).toMatchObject({ replayed: 121, nextCursor: null });
});

test('a replay is audited with what it chose', async () => {
  const id = await newTenant();
  await replay(id, { code: 'SCHEMA_DRIFT' });
  const { body } = await api.ask(`GET /v1/audit?tenantId=${id}&action=replay.run`);
  expect(body.items).toMatchObject([{ detail: { code: 'SCHEMA_DRIFT', replayed: 0 } }]);
});

test.each([
  [{}, 'REQUIRED', null],
  [{ code: 'NONSENSE' }, 'VALUE_NOT_ALLOWED', 'code'],
  [{ mappingVersion: 0 }, 'OUT_OF_RANGE', 'mappingVersion'],
  [{ code: 'SCHEMA_DRIFT', cursor: 'x' }, 'CURSOR_INVALID', 'cursor'],
])('a wish that cannot be carried out is refused: %j', async (body, code, at) => {
  const id = await newTenant();
  expect((await replay(id, body)).body.issues).toMatchObject([{ code, at }]);
});
