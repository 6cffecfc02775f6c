import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sweepAlerts, sweepDeliveries, sweepPurges } from '@callbay/ingestion';
import { createDigestSender, signWebhook } from '@callbay/notify';
import { createAlertReader, createDeliveryStore, createTenantStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CALL_AT, callsOf, codesOf, HOUR, json } from './support.ts';

const START = CALL_AT + HOUR;
const DAY = 24 * HOUR;
const by = { name: 'tests', remoteAddress: null };

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });
const at = (ms: number): Promise<void> => callbay.clock.set(new Date(START + ms));
const agreeing = () => ({ hostMs: Date.now(), wallElapsedMs: 0, monotonicElapsedMs: 0 });

const alertsOf = async (tenantId: string): Promise<string[]> => {
  const sealer = { seal: (text: string) => text, unseal: (sealed: string) => sealed };
  const { items } = await createAlertReader(callbay.db, sealer).listAlerts(tenantId, { limit: 50 });
  return items.map(({ kind, state }) => `${kind} ${state}`);
};

test('case 35: going live surfaces what is complete from surfaceFrom on, and leaves what started before', async () => {
  await using tenant = await callbay.openTenant({ stage: 'verification', timeZone: 'UTC' });
  await at(0);
  for (const [name, datetime] of Object.entries({
    early: '2026-03-02T09:59:59.999Z',
    exact: '2026-03-02T10:00:00.000Z',
    late: '2026-03-02T10:30:00.000Z',
  })) {
    await tenant.client.put(`${name}.wav`, wav(1));
    await tenant.client.put(`${name}.json`, json({ datetime }));
  }
  await tenant.client.put('alone.wav', wav(2));
  await callbay.settle();
  expect(await callsOf(callbay, tenant)).toEqual([]);
  await createTenantStore(callbay.db).goLive(tenant.tenantId, new Date(CALL_AT), by);
  await callbay.settle();
  const surfaced = (await callsOf(callbay, tenant)).map(({ call_key }) => call_key).sort();
  expect(surfaced).toEqual(['stem:exact', 'stem:late']);
  const codes = await codesOf(callbay, tenant);
  expect(codes).toEqual(expect.arrayContaining(['early.wav READY', 'alone.wav NO_METADATA']));
  await createTenantStore(callbay.db).goLive(tenant.tenantId, null, by);
  await callbay.settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(3);
});

test('case 57: clocks that disagree stop the purge and alert; once they agree it goes on and the alert is resolved', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await tenant.client.put('a.wav', wav(1));
  await callbay.settle();
  await at(7 * DAY);
  for (const doubtful of [
    { ...agreeing(), hostMs: Date.now() + 6 * 60_000 },
    { ...agreeing(), wallElapsedMs: 2 * HOUR },
  ]) {
    expect(await sweepPurges(callbay.deps, doubtful)).toBe(0);
    expect(await codesOf(callbay, tenant)).toEqual(['a.wav NO_METADATA']);
    expect(await alertsOf(tenant.tenantId)).toEqual(['CLOCKS_DISAGREE open']);
  }
  while ((await sweepPurges(callbay.deps, agreeing())) > 0);
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav PURGED_UNPAIRED']);
  expect(await alertsOf(tenant.tenantId)).toEqual(['CLOCKS_DISAGREE resolved']);
});

test('a file that waits is told to the customer’s webhook, signed, by the name it was sent under', async () => {
  await using tenant = await callbay.openTenant();
  const received: { signature: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signature = String(request.headers['x-callbay-signature']);
    received.push({ signature, body: Buffer.concat(chunks).toString() });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { db, deps } = callbay;
  const sealer = { seal: (text: string) => `sealed ${text}`, unseal: (sealed: string) => sealed.slice(7) };
  const settings = { alerts: { webhookUrl: `http://127.0.0.1:${port}/hook` } };
  await createTenantStore(db).updateTenant(tenant.tenantId, { settings }, by, { isConfirmed: false });
  await createAlertReader(db, sealer).replaceWebhookSecret(tenant.tenantId, 'whsec_test', by);

  await at(20 * DAY);
  await tenant.client.put('20260302-100000_outbound_rep.wav', wav(1));
  await callbay.settle();
  await at(20 * DAY + HOUR + 1);
  await sweepAlerts(deps);
  const sender = createDigestSender({ mail: null, rules: { allow: ['127.0.0.1/32'] } });
  const delivery = { deliveries: createDeliveryStore(db, sealer), sender, log: deps.log };
  await sweepDeliveries(delivery);
  await sweepDeliveries(delivery);

  expect(received).toHaveLength(1);
  const [{ signature, body } = { signature: '', body: '' }] = received;
  const sentAtMs = Number(/^t=(\d+)/.exec(signature)?.[1]) * 1000;
  expect(signature).toBe(signWebhook('whsec_test', body, sentAtMs));
  const digest = JSON.parse(body);
  expect(digest).toMatchObject({ type: 'alerts.digest', tenantId: tenant.tenantId, openedCount: 2 });
  const held = digest.opened.find(({ kind }: { kind: string }) => kind === 'HELD_OVER_HOUR');
  expect(held.examples).toMatchObject([{ name: '20260302-100000_outbound_rep.wav', code: 'NO_METADATA' }]);
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});
