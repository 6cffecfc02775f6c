import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const metadata = (email: string): string =>
  JSON.stringify({ datetime: '2026-03-02T10:00:00Z', email, direction: 'outbound' });

test('case 14: media then metadata, and metadata then media, surface one call each', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('20260302-100000_outbound_1.wav', makeWav({ seconds: 1, seed: 1 }));
  await client.put('20260302-100000_outbound_1.json', metadata('a@b.c'));
  await client.put('20260302-110000_outbound_2.json', metadata('a@b.c'));
  await client.put('20260302-110000_outbound_2.wav', makeWav({ seconds: 1, seed: 2 }));
  await callbay.settle();
  const calls = await callbay.db.query<{ call_id: number; revision: number; user_id: string }>(
    `SELECT call_id, revision, user_id FROM calls WHERE tenant_id = $1 ORDER BY call_id`,
    [tenant.tenantId],
  );
  expect(calls).toEqual([
    { call_id: 1, revision: 1, user_id: 'a@b.c' },
    { call_id: 2, revision: 1, user_id: 'a@b.c' },
  ]);
  expect(await client.list('/data/processed')).toHaveLength(4);
  expect((await client.receipt('20260302-110000_outbound_2.wav')).outcome?.code).toBe('SURFACED');
});
