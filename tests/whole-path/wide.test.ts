import { decideCalls } from '@callbay/core';
import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const COLUMNS = Array.from({ length: 16 }, (_, n) => `field${n}`);
/** A value that a database stores in a hundredth of its bytes. */
const WIDE = COLUMNS.map(() => 'x'.repeat(60 * 1024)).join();

test('case 116: calls of wide records are decided a few at a time, however well the records compress', async () => {
  await using tenant = await callbay.openTenant();
  const { tenantId, client } = tenant;
  const names = Array.from({ length: 12 }, (_, n) => `call${n}`);
  const rows = names.map((name) => `${name},2026-03-02T10:00:00Z,rep@acme.test,outbound,${WIDE}`);
  await client.put('day.csv', `filename,datetime,email,direction,${COLUMNS}\n${rows.join('\n')}\n`);
  await callbay.settle();
  const keys = names.map((name) => `stem:${name}`);
  await expect(callbay.deps.calls.advance(tenantId, keys, decideCalls)).rejects.toThrow(RangeError);
  for (const name of names) await client.put(`${name}.wav`, makeWav({ seconds: 1 }));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'day.csv BATCH_DONE',
    ...names.map((name) => `${name}.wav SURFACED`),
  ]);
});

test('case 116: metadata of over a mebibyte in one record is refused with a code, and no process dies of it', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  const fields = Object.fromEntries(
    Array.from({ length: 80 }, (_, n): [string, string] => [`field${n}`, 'y'.repeat(50 * 1024)]),
  );
  await client.put('a.wav', makeWav({ seconds: 1 }));
  await client.put('a.json', json(fields));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav NO_METADATA', 'a.json ROW_TOO_LARGE']);
  const attempts = 'SELECT FROM files WHERE tenant_id = $1 AND classify_attempts > 0';
  expect(await callbay.db.query(attempts, [tenant.tenantId])).toEqual([]);
});
