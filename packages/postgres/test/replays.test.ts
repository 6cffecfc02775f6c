import { randomUUID } from 'node:crypto';
import { COACH_MINIMUM, canonicalStem, decideCalls, type FieldMapping } from '@callbay/core';
import type { ReplaySelection } from '@callbay/ingestion';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createBulkReplayStore,
  createCallStore,
  createFileReceiver,
  createFileStore,
  createMappingStore,
  createTombstones,
} from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 16 });
});
afterAll(() => database.drop());

const tombstones = createTombstones(new Uint8Array(32));
const BY = { name: 'tests', remoteAddress: null };
const ALL: ReplaySelection = { code: null, receivedFrom: null, receivedTo: null, mappingVersion: null };
const withRows = (...more: FieldMapping[]) => ({
  fields: [...COACH_MINIMUM.fields, ...more].map((field) => ({ ...field })) as never,
  options: {},
});

/** Receives and reads one file, and decides its call. */
async function arrive(tenantId: string, name: string, fields: Record<string, string> | null): Promise<void> {
  const { db } = database;
  const { stem } = canonicalStem(name);
  const fileId = randomUUID();
  await createFileReceiver(db).receiveFile(tenantId, {
    fileId,
    drop: 'sftp',
    name,
    sizeBytes: 1,
    modifiedAt: new Date(),
    sentBy: 't',
    blobKey: `${tenantId}/${fileId}`,
  });
  const raw = fields && { fields, nestedPaths: [], at: '' };
  const keys = await createFileStore(db).saveFacts(tenantId, fileId, {
    kind: fields ? 'sidecar' : 'recording',
    stem,
    sha256: randomUUID(),
    issues: [],
    warnings: [],
    media: fields
      ? null
      : { contentType: 'audio/wav', durationSeconds: 3, channels: 2, codec: 'pcm', isTruncated: false },
    records: raw ? [{ row: 0, raw, namedStem: null, issues: [], warnings: [] }] : [],
  });
  await createCallStore(db, tombstones).advance(tenantId, keys, decideCalls);
}

async function sweep(): Promise<void> {
  const calls = createCallStore(database.db, tombstones);
  for (let due = await calls.findDue(500); due.length > 0; due = await calls.findDue(500)) {
    for (const { tenantId, callKeys } of due) await calls.advance(tenantId, callKeys, decideCalls);
  }
}

const metadata = (score: string): Record<string, string> => ({
  datetime: new Date().toISOString(),
  email: 'a@b.test',
  direction: 'inbound',
  score,
});

const callsOf = (tenantId: string) =>
  database.db.query<{ call_key: string; revision: number; fields: { score: unknown } }>(
    `SELECT call_key, call_id, revision, fields, change_seq, mapping_version,
            (SELECT array_agg(v.revision ORDER BY v.revision) FROM call_revisions v
              WHERE v.tenant_id = c.tenant_id AND v.call_key = c.call_key) AS revisions
       FROM calls c WHERE tenant_id = $1 AND status <> 'empty' ORDER BY call_key`,
    [tenantId],
  );

test('replays, updates, new mappings and sweeps at once neither lock each other out nor take anything back', async () => {
  const tenantId = await makeTenant(database.db);
  const names = Array.from({ length: 16 }, (_, n) => `c${n}`);
  const bad = Array.from({ length: 8 }, (_, n) => `bad${n}`);
  for (const name of names) {
    await arrive(tenantId, `${name}.wav`, null);
    await arrive(tenantId, `${name}.json`, metadata('7'));
  }
  for (const name of bad) {
    await arrive(tenantId, `${name}.wav`, null);
    await arrive(tenantId, `${name}.json`, { ...metadata('7'), direction: 'sideways' });
  }
  const store = createBulkReplayStore(database.db);
  const mappings = createMappingStore(database.db);
  const score: FieldMapping = { source: 'score', target: 'score', type: 'number' };
  const replayAll = async (): Promise<void> => {
    const calls = await store.findCalls(tenantId, ALL, 0, 500);
    await store.replayCalls(tenantId, calls.map((call) => call.callKey).reverse(), BY);
    const files = await store.findFiles(tenantId, ALL, -1, 500);
    const able = files.filter((file) => file.isReplayable).map((file) => file.fileId);
    await store.replayFiles(tenantId, able.reverse(), BY);
  };
  await Promise.all([
    mappings.publishMapping(tenantId, 'call', withRows(score), null, BY),
    replayAll(),
    ...names.map((name) => arrive(tenantId, `${name}.json`, metadata('8'))),
    replayAll(),
    sweep(),
    mappings.publishMapping(tenantId, 'call', withRows({ ...score, target: 'points' }, score), null, BY),
    replayAll(),
    sweep(),
  ]);
  await replayAll();
  await sweep();
  const calls = await callsOf(tenantId);
  const complete = calls.filter(({ call_key }) => call_key.startsWith('stem:c'));
  expect(complete).toHaveLength(names.length);
  for (const { fields, revision, ...call } of complete) {
    expect(fields.score).toBe(8);
    expect(call).toMatchObject({ revisions: Array.from({ length: revision }, (_, n) => n + 1) });
  }
  await createCallStore(database.db, tombstones).advance(
    tenantId,
    calls.map(({ call_key }) => call_key),
    decideCalls,
  );
  expect(await callsOf(tenantId)).toEqual(calls);
}, 120_000);

test('what was rejected keeps its story: it is told that it was judged again, and by whom', async () => {
  const tenantId = await makeTenant(database.db);
  await arrive(tenantId, 'a.json', { ...metadata('7'), direction: 'sideways' });
  const store = createBulkReplayStore(database.db);
  const [file] = await store.findFiles(tenantId, { ...ALL, code: 'METADATA_INVALID' }, -1, 10);
  expect(await store.replayFiles(tenantId, [file!.fileId], BY)).toEqual({ replayed: 1, toRead: [] });
  expect(await store.replayFiles(tenantId, [file!.fileId], BY)).toEqual({ replayed: 0, toRead: [] });
  await sweep();
  const steps = await database.db.query<{ step: string }>(
    'SELECT step FROM file_steps WHERE tenant_id = $1 AND file_id = $2 ORDER BY id',
    [tenantId, file!.fileId],
  );
  expect(steps.map(({ step }) => step).slice(-2)).toEqual(['replayed', 'rejected']);
});

test('another tenant replays nothing of ours', async () => {
  const [tenantId, other] = [await makeTenant(database.db), await makeTenant(database.db)];
  await arrive(tenantId, 'a.wav', null);
  await arrive(tenantId, 'a.json', metadata('7'));
  await arrive(tenantId, 'b.json', { ...metadata('7'), direction: 'sideways' });
  const store = createBulkReplayStore(database.db);
  expect(await store.findCalls(other, ALL, 0, 10)).toEqual([]);
  expect(await store.findFiles(other, ALL, -1, 10)).toEqual([]);
  expect(await store.replayCalls(other, ['stem:a'], BY)).toBe(0);
  const [file] = await store.findFiles(tenantId, ALL, -1, 10);
  expect(await store.replayFiles(other, [file!.fileId], BY)).toEqual({ replayed: 0, toRead: [] });
});

test('a record that a mapping moved and refused is replayed at the end, not where it was moved', async () => {
  const tenantId = await makeTenant(database.db);
  const mappings = createMappingStore(database.db);
  const score: FieldMapping = { source: 'score', target: 'score', type: 'number', required: true };
  const file: FieldMapping = { source: 'file', target: 'filename', type: 'string' };
  const moving = {
    fields: [...COACH_MINIMUM.fields.filter(({ target }) => target !== 'filename'), file] as never,
    options: {},
  };
  await arrive(tenantId, 'a.json', { ...metadata('many'), file: 'b' });
  await mappings.publishMapping(
    tenantId,
    'call',
    { ...moving, fields: [...moving.fields, score] as never },
    null,
    BY,
  );
  const store = createBulkReplayStore(database.db);
  // What waits stays under the mapping that it came under until somebody replays it.
  const [waiting] = await store.findFiles(tenantId, { ...ALL, code: 'NO_RECORDING' }, -1, 500);
  await store.replayFiles(tenantId, [waiting!.fileId], BY);
  await sweep();
  await arrive(tenantId, 'b.json', metadata('7'));
  await mappings.publishMapping(tenantId, 'call', moving, null, BY);
  const [refused] = await store.findFiles(tenantId, { ...ALL, code: 'METADATA_INVALID' }, -1, 500);
  expect(refused).toBeDefined();
  await store.replayFiles(tenantId, [refused!.fileId], BY);
  await sweep();
  await arrive(tenantId, 'b.wav', null);
  const rows = await database.db.query(
    'SELECT name, outcome_code FROM files WHERE tenant_id = $1 ORDER BY receive_seq',
    [tenantId],
  );
  expect(rows).toEqual([
    { name: 'a.json', outcome_code: 'DUPLICATE_METADATA' },
    { name: 'b.json', outcome_code: 'SURFACED' },
    { name: 'b.wav', outcome_code: 'SURFACED' },
  ]);
});
