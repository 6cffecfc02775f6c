import { expect, test } from 'vitest';
import { createFolderSyncs } from '../src/disk/folder-syncs.ts';

/** Syncs that end when the test says so. */
function controlledSyncs() {
  const started: PromiseWithResolvers<void>[] = [];
  const syncFolder = createFolderSyncs(() => {
    const sync = Promise.withResolvers<void>();
    started.push(sync);
    return sync.promise;
  });
  return { started, syncFolder };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('callers that come while a folder is synced wait for one sync that starts after they came', async () => {
  const { started, syncFolder } = controlledSyncs();
  const done: string[] = [];
  const first = syncFolder('a').then(() => done.push('first'));
  const second = syncFolder('a').then(() => done.push('second'));
  const third = syncFolder('a').then(() => done.push('third'));
  await turn();
  expect(started).toHaveLength(1);
  started[0]?.resolve();
  await first;
  await turn();
  expect(done).toEqual(['first']);
  expect(started).toHaveLength(2);
  started[1]?.resolve();
  await Promise.all([second, third]);
  expect(started).toHaveLength(2);
});

test('a failed sync is the error of those who shared it, and the next caller gets a sync of its own', async () => {
  const { started, syncFolder } = controlledSyncs();
  const first = syncFolder('a').catch((error: Error) => error.message);
  const second = syncFolder('a');
  started[0]?.reject(new Error('broken disk'));
  expect(await first).toBe('broken disk');
  await turn();
  started[1]?.resolve();
  await second;
  const later = syncFolder('a');
  expect(started).toHaveLength(3);
  started[2]?.resolve();
  await later;
});

test('folders do not wait for each other', async () => {
  const { started, syncFolder } = controlledSyncs();
  const [a, b] = [syncFolder('a'), syncFolder('b')];
  expect(started).toHaveLength(2);
  started[1]?.resolve();
  await b;
  started[0]?.resolve();
  await a;
});
