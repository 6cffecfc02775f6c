import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { expect, test } from 'vitest';
import { codesOf, json } from './support.ts';

const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });

async function settled(callbay: RunningCallbay, tenant: TestTenant): Promise<string[]> {
  await callbay.settle();
  return codesOf(callbay, tenant);
}

test('metadata whose file name or user is too long for an index is refused, and holds up nobody', async () => {
  await using callbay = await startCallbay({ isIdle: true });
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  const long = randomBytes(8_000).toString('hex');
  await client.put('name.json', json({ filename: long }));
  await client.put('user.json', json({ email: long }));
  await client.put('user.wav', wav(1));
  await client.put(
    'day.csv',
    `filename,datetime,email,direction\n${long},2026-03-02T10:00:00Z,a@b.c,inbound\nb,2026-03-02T10:00:00Z,a@b.c,inbound\n`,
  );
  await client.put('a.json', json());
  await client.put('a.wav', wav(2));
  await callbay.startWorkers();
  expect(await settled(callbay, tenant)).toEqual([
    'name.json METADATA_INVALID',
    'user.json METADATA_INVALID',
    'user.wav NO_METADATA',
    'day.csv BATCH_DONE',
    'a.json SURFACED',
    'a.wav SURFACED',
  ]);
});

test('a file whose facts the database refuses is set aside, and holds up no other of its group', async () => {
  await using callbay = await startCallbay({ isIdle: true });
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await callbay.db.execute(
    `ALTER TABLE call_records ADD CHECK (raw ->> 'direction' IS DISTINCT FROM 'refused')`,
  );
  await client.put('bad.json', json({ direction: 'refused' }));
  await client.put('a.json', json());
  await client.put('a.wav', wav(1));
  await callbay.startWorkers();
  expect(await settled(callbay, tenant)).toEqual([
    'bad.json UNREADABLE',
    'a.json SURFACED',
    'a.wav SURFACED',
  ]);
});

test('a file that the disk refuses to read is set aside, and holds up no other of its lane', async () => {
  await using callbay = await startCallbay({ isIdle: true });
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  const bad = ['bad.wav', 'bad.csv'];
  await client.put('bad.wav', wav(1));
  await client.put('bad.csv', 'filename,datetime\na,2026-03-02T10:00:00Z\nb,2026-03-02T10:00:00Z\n');
  await client.put('a.json', json());
  await client.put('a.wav', wav(2));
  await client.put('contacts.csv', 'Id,Email\n1,a@acme.test\n');
  await using sockets = new AsyncDisposableStack();
  const files = await callbay.db.query<{ blob_key: string }>(
    'SELECT blob_key FROM files WHERE tenant_id = $1 AND name = ANY($2)',
    [tenant.tenantId, bad],
  );
  for (const { blob_key } of files) {
    await using local = await callbay.blobs.openLocal(tenant.tenantId, blob_key);
    await rm(local.path);
    // Nobody can open a socket as a file, not even root.
    const server = createServer().listen(local.path);
    sockets.defer(() => new Promise((resolve) => server.close(() => resolve())));
  }
  await callbay.startWorkers();
  expect(await settled(callbay, tenant)).toEqual([
    'bad.wav BYTES_MISSING',
    'bad.csv BYTES_MISSING',
    'a.json SURFACED',
    'a.wav SURFACED',
    'contacts.csv CRM_IMPORTED',
  ]);
});
