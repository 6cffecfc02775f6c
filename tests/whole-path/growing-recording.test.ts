import { type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CALL_AT, callsOf, codesOf, HOUR, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

/** MPEG audio without any header that says how long the whole is: 128 kbit/s, so many frames of 26 ms. */
const mp3 = (frames: number, fill = 1): Buffer => {
  const one = Buffer.alloc(417, fill);
  Buffer.from('fffb90c4', 'hex').copy(one);
  return Buffer.concat(Array.from({ length: frames }, () => one));
};

const mediaOf = async (tenantId: string) => {
  const rows = await callbay.db.query<{ media: { sizeBytes: number; durationSeconds: number } }>(
    'SELECT media FROM calls WHERE tenant_id = $1 AND call_id IS NOT NULL ORDER BY call_id',
    [tenantId],
  );
  return rows.map(({ media }) => [media.sizeBytes, Number(media.durationSeconds.toFixed(2))]);
};

test('case 27: a recording that is appended after each CLOSE grows with its call, and its bytes are those of the whole', async () => {
  await using tenant = await callbay.openTenant();
  const { client, tenantId } = tenant;
  await callbay.clock.set(new Date(CALL_AT + HOUR));
  await client.put('a.json', json());
  await client.put('a.mp3', mp3(100));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.json SURFACED', 'a.mp3 SURFACED']);
  expect(await mediaOf(tenantId)).toEqual([[41_700, 2.61]]);
  await client.put('a.mp3', mp3(200));
  await callbay.settle();
  await client.put('a.mp3', mp3(300));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    ...['a.json SURFACED', 'a.mp3 SURFACED'],
    ...['a.mp3 SUPERSEDED', 'a.mp3 UPDATED'],
  ]);
  expect(await mediaOf(tenantId)).toEqual([[125_100, 7.84]]);
  const [call] = await callsOf(callbay, tenant);
  expect(call).toMatchObject({ call_id: 1, revision: 3 });
  const [file] = await callbay.db.query<{ id: string; blob_key: string }>(
    'SELECT id, blob_key FROM files WHERE tenant_id = $1 ORDER BY receive_seq DESC LIMIT 1',
    [tenantId],
  );
  expect(call?.media_blob_key).toBe(file?.blob_key);
  // Metadata goes on changing the call, which keeps the whole.
  await client.put('a.json', json({ stage: 'won' }));
  await callbay.settle();
  expect(await callsOf(callbay, tenant)).toMatchObject([{ call_id: 1, revision: 4 }]);
  expect(await mediaOf(tenantId)).toEqual([[125_100, 7.84]]);
});

test('parts that arrive before any is read end as those that were read at once', async () => {
  await using tenant = await callbay.openTenant();
  await callbay.clock.set(new Date(CALL_AT + HOUR));
  await tenant.client.put('a.json', json());
  for (const frames of [100, 200, 300]) await tenant.client.put('a.mp3', mp3(frames));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    ...['a.json SURFACED', 'a.mp3 SURFACED'],
    ...['a.mp3 SUPERSEDED', 'a.mp3 UPDATED'],
  ]);
});

test('a longer recording of other bytes, and one that comes after the window, are refused as before', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await callbay.clock.set(new Date(CALL_AT + HOUR));
  await client.put('a.json', json());
  await client.put('a.mp3', mp3(100));
  await callbay.settle();
  await client.put('a.mp3', mp3(200, 2));
  await callbay.settle();
  await callbay.clock.set(new Date(CALL_AT + 50 * HOUR));
  await client.put('a.mp3', mp3(200));
  await callbay.settle();
  expect((await codesOf(callbay, tenant)).slice(2)).toEqual([
    'a.mp3 MEDIA_IMMUTABLE',
    'a.mp3 MEDIA_IMMUTABLE',
  ]);
  expect(await callsOf(callbay, tenant)).toMatchObject([{ call_id: 1, revision: 1 }]);
});
