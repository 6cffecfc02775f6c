import { randomUUID } from 'node:crypto';
import { runSweeps } from '@callbay/ingestion';
import { makeWav, type RunningCallbay, startCallbay, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, json } from './support.ts';

const UNREAD_AFTER_MS = 10_000;

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay({ isIdle: true });
});
afterAll(() => callbay[Symbol.asyncDispose]());

const waiting = () => callbay.deps.sweeps.findWaiting(UNREAD_AFTER_MS);

/** Runs all sweeps until the condition holds. */
async function sweepUntil(name: string, condition: () => Promise<boolean>): Promise<void> {
  const sweeps = runSweeps(callbay.deps);
  try {
    await until(name, condition);
  } finally {
    await sweeps[Symbol.asyncDispose]();
  }
}

test('nothing waits for a sweep where nothing is open', async () => {
  expect(await waiting()).toEqual([]);
});

test('files that lost their alarm are read once they are ten seconds old, and not before', async () => {
  await using tenant = await callbay.openTenant();
  await tenant.client.put('a.wav', makeWav({ seconds: 1 }));
  await tenant.client.put('a.json', json());
  expect(await waiting()).toEqual([]);
  await callbay.clock.advance(UNREAD_AFTER_MS + 1_000);
  expect(await waiting()).toEqual(['unread-files']);
  await callbay.startWorkers();
  await sweepUntil('the call', async () => (await callsOf(callbay, tenant)).length === 1);
  expect(await waiting()).toEqual([]);
});

test('a call that is due is advanced, and is due no more', async () => {
  await using tenant = await callbay.openTenant();
  await callbay.db.execute(
    `INSERT INTO calls (tenant_id, call_key, due_at) VALUES ($1, 'stem:x', callbay_now())`,
    [tenant.tenantId],
  );
  expect(await waiting()).toEqual(['due-calls']);
  await sweepUntil('nothing due', async () => (await waiting()).length === 0);
});

test('a batch, a CRM file and a record to compare each name their own sweep', async () => {
  await using tenant = await callbay.openTenant();
  const { tenantId } = tenant;
  const fileId = randomUUID();
  await callbay.db.execute(
    `INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, sent_by, received_at, receive_seq,
            modified_at, classified_at)
     VALUES ($1, $2, 'sftp', 'b.csv', 'b.csv', 'b', 'csv', 1, 'u', callbay_now(), 1000, callbay_now(), callbay_now())`,
    [tenantId, fileId],
  );
  await callbay.db.execute('INSERT INTO batches (tenant_id, file_id, row_count) VALUES ($1, $2, 1)', [
    tenantId,
    fileId,
  ]);
  expect(await waiting()).toEqual(['batches']);
  await callbay.db.execute(
    `INSERT INTO crm_imports (tenant_id, file_id, type, place) VALUES ($1, $2, 'contacts', 1000)`,
    [tenantId, fileId],
  );
  expect(await waiting()).toEqual(['batches', 'crm-imports']);
  await callbay.db.execute(
    `INSERT INTO call_records (tenant_id, file_id, row, stem, raw) VALUES ($1, $2, 0, 'b', '{}')`,
    [tenantId, fileId],
  );
  await callbay.db.execute(
    `INSERT INTO linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches) VALUES ($1, $2, 0, callbay_now(), '{}')`,
    [tenantId, fileId],
  );
  expect(await waiting()).toEqual(['batches', 'links', 'crm-imports']);
});
