import type { NewMapping } from '@callbay/contracts';
import { COACH_MINIMUM } from '@callbay/core';
import { replayMany } from '@callbay/ingestion';
import { createApiStores } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const by = { name: 'tests', remoteAddress: null };
const mappingOf = (type: 'number' | 'string') =>
  ({
    ...structuredClone(COACH_MINIMUM),
    fields: [
      ...structuredClone(COACH_MINIMUM.fields),
      { source: 'score', target: 'score', type, required: true },
    ],
  }) as NewMapping;

test('rows that a mapping refused are replayed from their kept strings, and nothing else of the batch moves', async () => {
  await using tenant = await callbay.openTenant();
  const { tenantId, client } = tenant;
  const stores = createApiStores(callbay.db, { seal: (text) => text, unseal: (sealed) => sealed });
  await stores.mappings.publishMapping(tenantId, 'call', mappingOf('number'), null, by);
  const row = (name: string, score: string) =>
    `2026-03-02T10:00:00Z,rep@acme.test,outbound,${name},${score}\n`;
  for (const [n, name] of ['a', 'b', 'c'].entries())
    await client.put(`${name}.wav`, makeWav({ seconds: 1, seed: n }));
  await client.put(
    'day.csv',
    `datetime,email,direction,filename,score\n${row('a', '7')}${row('b', 'high')}${row('c', 'low')}${row('c', 'other')}`,
  );
  await callbay.settle();
  const codes = async () => {
    const { rows } = (await client.receipt('day.csv')) as unknown as { rows: { code: string }[] };
    return rows.map(({ code }) => code);
  };
  expect(await codes()).toEqual(['SURFACED', 'METADATA_INVALID', 'CONFLICTING_ROWS', 'CONFLICTING_ROWS']);

  await stores.mappings.publishMapping(tenantId, 'call', mappingOf('string'), null, by);
  const deps = { policies: stores.policies, replays: stores.bulkReplays, queue: callbay.deps.queue };
  const request = { code: 'METADATA_INVALID' as const };
  const dry = await replayMany(deps, { tenantId, request: { ...request, dryRun: true }, by });
  expect(dry).toMatchObject({ dryRun: true, replayed: 1, skipped: 0, nextCursor: null });
  expect(await codes()).toContain('METADATA_INVALID');
  expect(await replayMany(deps, { tenantId, request, by })).toMatchObject({ replayed: 1, skipped: 0 });
  await callbay.settle();
  expect(await codes()).toEqual(['SURFACED', 'SURFACED', 'CONFLICTING_ROWS', 'CONFLICTING_ROWS']);
  expect(await callsOf(callbay, tenant)).toMatchObject([
    { call_key: 'stem:a', revision: 1, fields: { score: 7 } },
    { call_key: 'stem:b', revision: 1, fields: { score: 'high' } },
  ]);
  expect(await replayMany(deps, { tenantId, request: { code: 'CONFLICTING_ROWS' }, by })).toMatchObject({
    replayed: 0,
    skippedByCode: { CONFLICTING_ROWS: 2 },
  });
});

test('another tenant replays none of our rows', async () => {
  await using ours = await callbay.openTenant();
  await using theirs = await callbay.openTenant();
  const stores = createApiStores(callbay.db, { seal: (text) => text, unseal: (sealed) => sealed });
  await ours.client.put(
    'day.csv',
    'datetime,email,direction,filename\nsoon,a@b.test,outbound,a\nsoon,a@b.test,outbound,b\n',
  );
  await callbay.settle();
  const rows = await stores.bulkReplays.findRows(
    ours.tenantId,
    { code: null, receivedFrom: null, receivedTo: null, mappingVersion: null },
    { seq: -1, row: 0 },
    10,
  );
  expect(rows.map(({ row, isReplayable }) => [row, isReplayable])).toEqual([
    [1, true],
    [2, true],
  ]);
  expect(await stores.bulkReplays.replayRows(theirs.tenantId, rows, by)).toBe(0);
  expect(await stores.bulkReplays.replayRows(ours.tenantId, rows, by)).toBe(2);
});
