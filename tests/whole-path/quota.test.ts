import { countStorage, sweepPurges } from '@callbay/ingestion';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CALL_AT, codesOf, HOUR, json, trueClocks } from './support.ts';

const DAY = 24 * HOUR;
const FAILURE = 4;

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const at = (ms: number): Promise<void> => callbay.clock.set(new Date(CALL_AT + ms));
const codeOf = (put: Promise<unknown>): Promise<unknown> =>
  put.then(
    () => 'received',
    (error: { code: unknown }) => error.code,
  );

async function setQuota({ tenantId }: TestTenant, storageQuotaBytes: number | null): Promise<void> {
  await callbay.db.execute(
    `UPDATE tenants SET settings = settings || jsonb_build_object('storageQuotaBytes', $2::bigint) WHERE id = $1`,
    [tenantId, storageQuotaBytes],
  );
}

async function stored({ tenantId }: TestTenant): Promise<number | undefined> {
  const [row] = await callbay.db.query<{ bytes: number }>(
    `SELECT s.stored_bytes + c.bytes - s.received_bytes AS bytes FROM tenant_storage s
       JOIN tenant_counters c ON c.tenant_id = s.tenant_id AND c.name = 'receive' WHERE s.tenant_id = $1`,
    [tenantId],
  );
  return row?.bytes;
}

test('a tenant beyond its quota is refused, and no other tenant is', async () => {
  await using full = await callbay.openTenant({ settings: { storageQuotaBytes: 100 } });
  await using other = await callbay.openTenant();
  await countStorage(callbay.deps);
  await full.client.put('a.json', ' '.repeat(60));
  expect(await codeOf(full.client.put('b.json', ' '.repeat(60)))).toBe(FAILURE);
  await full.client.put('c.json', ' '.repeat(40));
  await other.client.put('b.json', ' '.repeat(60));
  expect(await stored(full)).toBe(100);
});

test('of many files at once as many are received as fit', async () => {
  await using tenant = await callbay.openTenant({ settings: { storageQuotaBytes: 350 } });
  await countStorage(callbay.deps);
  const names = Array.from({ length: 10 }, (_, n) => `${n}.json`);
  const ends = await Promise.all(names.map((name) => codeOf(tenant.client.put(name, ' '.repeat(100)))));
  expect(ends.filter((end) => end === 'received')).toHaveLength(3);
  expect(await stored(tenant)).toBe(300);
});

test('what was purged makes room at the next count, and the recording that a call keeps does not', async () => {
  await using tenant = await callbay.openTenant({ stage: 'live' });
  await at(HOUR);
  const wav = makeWav({ seconds: 1, seed: 1 });
  await tenant.client.put('a.wav', wav);
  await tenant.client.put('a.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav SURFACED', 'a.json SURFACED']);
  await setQuota(tenant, 10_000_000);
  await countStorage(callbay.deps);
  expect(await stored(tenant)).toBe(wav.length + json().length);
  await at(8 * DAY);
  await sweepPurges(callbay.deps, trueClocks());
  await countStorage(callbay.deps);
  expect(await stored(tenant)).toBe(wav.length);
});

test('a tenant that cannot be counted keeps no other uncounted, and is named', async () => {
  await using poisoned = await callbay.openTenant({ settings: { storageQuotaBytes: 100 } });
  await using other = await callbay.openTenant({ settings: { storageQuotaBytes: 100 } });
  const { sweeps } = callbay.deps;
  const named: unknown[] = [];
  await countStorage({
    sweeps: {
      ...sweeps,
      countStored: (tenantId) =>
        tenantId === poisoned.tenantId ? Promise.reject(new Error('poisoned')) : sweeps.countStored(tenantId),
    },
    log: { ...callbay.deps.log, error: (fields: object) => named.push(fields) },
  });
  expect(await stored(other)).toBe(0);
  expect(named).toMatchObject([{ tenantId: poisoned.tenantId }]);
});
