import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore } from '@callbay/blobs';
import { ENDLESS_ROOM } from '@callbay/ingestion';
import { expect, test } from 'vitest';
import { NO_METRICS } from '../src/sftp/logger.ts';
import { createPartialStore, type PartialStore } from '../src/sftp/partials.ts';
import { createUploads, OPEN_FLAG } from '../src/sftp/uploads.ts';
import { createWriteBudget } from '../src/sftp/write-budget.ts';
import { createMemoryDrop, createMemoryQueue } from './memory-drop.ts';

const PUT = OPEN_FLAG.WRITE | OPEN_FLAG.CREAT | OPEN_FLAG.TRUNC;

test('case 89: a put while a broken upload of its name is given up leaves none of those bytes to continue', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-turns-'));
  try {
    const disk = createPartialStore(join(folder, 'spool'));
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const partials: PartialStore = {
      ...disk,
      async release(own) {
        reached.resolve();
        await gate.promise;
        await disk.release(own);
      },
    };
    const drop = createMemoryDrop();
    const uploads = createUploads({
      view: drop,
      receiver: drop,
      blobs: createDiskBlobStore({ root: join(folder, 'blobs') }),
      queue: createMemoryQueue(),
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      inBackground: () => {},
      room: ENDLESS_ROOM,
      partials,
      budget: createWriteBudget(1024),
      eagerBytesPerHandle: 1024,
      metrics: NO_METRICS,
      now: () => new Date(0),
    });
    const request = {
      tenantId: 'acme',
      sentBy: 'acme-push',
      temporaryNames: null,
      name: 'a.wav',
      flags: PUT,
    };
    const broken = await uploads.open(request);
    broken.write(0, Buffer.from('broken and long'), () => {});
    const abandoned = uploads.abandon(broken);
    await reached.promise;
    const opening = uploads.open(request);
    // A put that did not wait for its turn would be open within the time that this one takes.
    await uploads.abandon(await uploads.open({ ...request, name: 'b.wav' }));
    gate.resolve();
    await abandoned;
    await uploads.abandon(await opening);
    expect(await disk.find('acme', 'a.wav')).toBeNull();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
