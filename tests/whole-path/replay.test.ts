import { replayFile } from '@callbay/ingestion';
import { createReplayStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const by = { name: 'tests', remoteAddress: null };

async function replay({ tenantId }: TestTenant, name: string) {
  const { db, deps } = callbay;
  const [file] = await db.query<{ id: string }>('SELECT id FROM files WHERE tenant_id = $1 AND name = $2', [
    tenantId,
    name,
  ]);
  return replayFile(
    { replays: createReplayStore(db), queue: deps.queue },
    { tenantId, fileId: file!.id, by },
  );
}

const stepsOf = ({ tenantId }: TestTenant, name: string) =>
  callbay.db.query<{ step: string; code: string | null }>(
    `SELECT s.step, s.code FROM file_steps s JOIN files f ON f.tenant_id = s.tenant_id AND f.id = s.file_id
      WHERE s.tenant_id = $1 AND f.name = $2 ORDER BY s.at, s.step`,
    [tenantId, name],
  );

test('case 20: a held file that is replayed keeps its place before the one that came too late', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.json', json());
  await client.put('a.xml', '<call><datetime>2026-03-02T10:00:00Z</datetime></call>');
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.json NO_RECORDING', 'a.xml DUPLICATE_METADATA']);
  expect(await replay(tenant, 'a.json')).toBe('replayed');
  expect(await client.list('/data')).toContain('a.json');
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.json NO_RECORDING', 'a.xml DUPLICATE_METADATA']);
  expect(await stepsOf(tenant, 'a.json')).toContainEqual({ step: 'replayed', code: null });
  await client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await callbay.settle();
  expect((await codesOf(callbay, tenant))[0]).toBe('a.json SURFACED');
});

test('a held file that is replayed is judged again', async () => {
  await using tenant = await callbay.openTenant();
  await tenant.client.put('a.json', json());
  await callbay.settle();
  // As if the outcome were that of a product that judged otherwise.
  await callbay.db.execute(`UPDATE files SET outcome_message = 'Old.' WHERE tenant_id = $1`, [
    tenant.tenantId,
  ]);
  await replay(tenant, 'a.json');
  await callbay.settle();
  expect((await tenant.client.receipt('a.json')).outcome).toMatchObject({
    code: 'NO_RECORDING',
    message: expect.not.stringContaining('Old.'),
  });
});

test('a rejected file that is replayed is read again, at the end of the order', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.json', json());
  await client.put('a.xml', '<call><datetime>2026-03-02T10:00:00Z</datetime></call>');
  await callbay.settle();
  await client.remove('a.json');
  await replay(tenant, 'a.xml');
  await callbay.settle();
  expect((await stepsOf(tenant, 'a.xml')).filter(({ step }) => step === 'classified')).toHaveLength(2);
  expect(await codesOf(callbay, tenant)).toEqual(['a.json WITHDRAWN', 'a.xml MISSING_REQUIRED']);
});
