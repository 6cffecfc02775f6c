import { randomUUID } from 'node:crypto';
import { sweepDueCalls } from '@callbay/ingestion';
import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

test('a call that cannot be decided keeps no other of its tenant waiting', async () => {
  await using tenant = await callbay.openTenant({ stage: 'verification' });
  const { tenantId, client } = tenant;
  const { db, deps, settle } = callbay;
  for (const stem of ['a', 'b', 'c']) {
    await client.put(`${stem}.wav`, makeWav({ seconds: 1, seed: 1 }));
    await client.put(`${stem}.json`, json());
  }
  await settle();
  // What no decision can follow from: it would take back what was published.
  await db.execute(
    `update calls set status = 'surfaced', recording_file_id = $2 where tenant_id = $1 and call_key = 'stem:b'`,
    [tenantId, randomUUID()],
  );
  await db.execute(`update tenants set stage = 'live' where id = $1`, [tenantId]);
  await db.execute('update calls set due_at = callbay_now() where tenant_id = $1', [tenantId]);
  await sweepDueCalls(deps);
  expect((await codesOf(callbay, tenant)).filter((line) => line.endsWith('SURFACED'))).toEqual([
    ...['a.wav SURFACED', 'a.json SURFACED'],
    ...['c.wav SURFACED', 'c.json SURFACED'],
  ]);
  const due = await db.query('select call_key from calls where tenant_id = $1 and due_at is not null', [
    tenantId,
  ]);
  expect(due).toEqual([{ call_key: 'stem:b' }]);
});
