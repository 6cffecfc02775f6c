import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readWaiting } from '@callbay/ingestion';
import { createFileReceiver } from '@callbay/postgres';
import { makeTenant, makeWav, type RunningCallbay, startCallbay, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, json } from './support.ts';

/** A group holds 200. */
const BACKLOG = 1_100;

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay({ isIdle: true, concurrency: 1 });
});
afterAll(() => callbay[Symbol.asyncDispose]());

/** Metadata of a tenant that nobody has read yet. */
async function leaveUnread(tenantId: string, count: number): Promise<void> {
  const receiver = createFileReceiver(callbay.db);
  const path = join(callbay.spoolDir, randomUUID());
  const text = json();
  await writeFile(path, text);
  const blobKey = await callbay.blobs.put(tenantId, randomUUID(), path);
  const files = Array.from({ length: count }, (_, n) => ({
    fileId: randomUUID(),
    drop: 'sftp' as const,
    name: `f${n}.json`,
    sizeBytes: Buffer.byteLength(text),
    modifiedAt: new Date(),
    blobKey,
    sentBy: 'tests',
  }));
  await Promise.all(files.map((file) => receiver.receiveFile(tenantId, file)));
}

test('a tenant with a thousand unread files keeps no other waiting: they take turns', async () => {
  const busy = await makeTenant(callbay.db);
  await leaveUnread(busy, BACKLOG);
  await callbay.deps.queue.wakeReaders(busy, 'group');
  await using other = await callbay.openTenant();
  await other.client.put('a.wav', makeWav({ seconds: 1 }));
  await other.client.put('a.json', json());
  await callbay.startWorkers();
  await until('the call of the other', async () => (await callsOf(callbay, other)).length === 1);
  const [before] = await callbay.db.query<{ read: number }>(
    `SELECT count(*) AS read FROM files f, calls c
      WHERE f.tenant_id = $1 AND c.tenant_id = $2 AND f.classified_at <= c.surfaced_at`,
    [busy, other.tenantId],
  );
  expect(before?.read).toBeLessThanOrEqual(400);
  await callbay.settle();
});

test('a small CSV is read while another tenant imports a long one', async () => {
  await using own = await startCallbay({ isIdle: true });
  await using other = await own.openTenant();
  using _long = own.deps.readSlots.take('importer');
  await other.client.put(
    'day.csv',
    'filename,datetime,email,direction\nb,2026-03-02T10:00:00Z,a@b.c,inbound\n',
  );
  await readWaiting(own.deps, { tenantId: other.tenantId, lane: 'alone' });
  const rows = await own.db.query<{ is_read: boolean }>(
    'SELECT classified_at IS NOT NULL AS is_read FROM files WHERE tenant_id = $1',
    [other.tenantId],
  );
  expect(rows).toEqual([{ is_read: true }]);
});
