import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });

test.for(['.writing', '.upload', '.inprogress', '.ocTransferId3924817.part', '~lock'])(
  'case 13: an upload under a name with %s waits without an outcome or an alert until it is renamed',
  async (suffix) => {
    await using tenant = await callbay.openTenant();
    const { client, tenantId } = tenant;
    await client.put(`a.wav${suffix}`, wav(1));
    await client.put('a.json', json());
    await callbay.settle();
    expect(await codesOf(callbay, tenant)).toEqual(['a.json NO_RECORDING']);
    const alerts = await callbay.db.query('SELECT FROM alerts WHERE tenant_id = $1', [tenantId]);
    expect(alerts).toEqual([]);
    await client.rename(`a.wav${suffix}`, 'a.wav');
    await callbay.settle();
    expect(await codesOf(callbay, tenant)).toEqual(['a.json SURFACED', 'a.wav SURFACED']);
  },
);

test('a file that was rejected for its name is received when it is renamed within 24 hours', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await callbay.clock.set('2026-03-02T11:00:00Z');
  await client.put('a.wav.xfer', wav(1));
  await client.put('b.wav.xfer', wav(2));
  await client.put('a.json', json());
  await callbay.settle();
  expect((await codesOf(callbay, tenant)).slice(0, 2)).toEqual([
    'a.wav.xfer UNSUPPORTED_TYPE',
    'b.wav.xfer UNSUPPORTED_TYPE',
  ]);
  await callbay.clock.set('2026-03-02T20:00:00Z');
  await client.rename('a.wav.xfer', 'a.wav');
  await callbay.settle();
  expect((await codesOf(callbay, tenant)).slice(2)).toEqual(['a.json SURFACED', 'a.wav SURFACED']);
  await callbay.clock.set('2026-03-03T11:00:01Z');
  await expect(client.rename('b.wav.xfer', 'b.wav')).rejects.toThrow();
});
