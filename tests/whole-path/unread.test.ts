import { mkdir, readdir, readFile, readlink, rename, rmdir } from 'node:fs/promises';
import { replayFile, sweepAlerts, sweepRereads } from '@callbay/ingestion';
import { createReplayStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant, until } from '@callbay/testkit';
import { expect, test } from 'vitest';
import { codesOf, HOUR, json } from './support.ts';

const MINUTE = HOUR / 60;
const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });
const BATCH =
  'filename,datetime,email,direction\nb,2026-03-02T10:00:00Z,a@b.c,inbound\nc,2026-03-02T10:00:00Z,a@b.c,inbound\n';
const CONTACTS = 'Id,Email\n1,a@acme.test\n';

/** Where the bytes of a tenant's newest file of a name rest. */
async function pathOf(callbay: RunningCallbay, { tenantId }: TestTenant, name: string): Promise<string> {
  const [file] = await callbay.db.query<{ blob_key: string }>(
    'SELECT blob_key FROM files WHERE tenant_id = $1 AND name = $2 ORDER BY receive_seq DESC',
    [tenantId, name],
  );
  await using local = await callbay.blobs.openLocal(tenantId, file!.blob_key);
  return local.path;
}

/** Takes the bytes of a file out of the store; answers how to put them back. */
async function loseBytes(callbay: RunningCallbay, tenant: TestTenant, name: string) {
  const path = await pathOf(callbay, tenant, name);
  await rename(path, `${path}.lost`);
  return () => rename(`${path}.lost`, path);
}

async function settled(callbay: RunningCallbay, tenant: TestTenant): Promise<string[]> {
  await callbay.settle();
  return codesOf(callbay, tenant);
}

/** Lets the time come for files that were set aside, until none is left to be opened. */
async function readAgain(callbay: RunningCallbay, tenant: TestTenant): Promise<string[]> {
  await callbay.clock.advance(15 * MINUTE);
  while ((await sweepRereads(callbay.deps)) > 0) await callbay.settle();
  return settled(callbay, tenant);
}

async function openAlerts({ deps, db }: RunningCallbay, { tenantId }: TestTenant): Promise<string[]> {
  await sweepAlerts(deps);
  const rows = await db.query<{ kind: string }>('SELECT kind FROM alerts WHERE tenant_id = $1 AND is_open', [
    tenantId,
  ]);
  return rows.map(({ kind }) => kind);
}

async function replay({ db, deps }: RunningCallbay, { tenantId }: TestTenant, name: string) {
  const [file] = await db.query<{ id: string }>('SELECT id FROM files WHERE tenant_id = $1 AND name = $2', [
    tenantId,
    name,
  ]);
  const by = { name: 'tests', remoteAddress: null };
  return replayFile(
    { replays: createReplayStore(db), queue: deps.queue },
    { tenantId, fileId: file!.id, by },
  );
}

/** False for a process that ended by itself since it was seen. */
function killIfThere(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Kills every reading process that has the file open, until disposed: as a system does that is out of memory. */
function killReadersOf(path: string): AsyncDisposable & { readonly kills: () => number } {
  let kills = 0;
  let isStopped = false;
  const killing = (async () => {
    while (!isStopped) {
      for (const pid of await readersOf(path)) {
        if (killIfThere(pid)) kills += 1;
      }
    }
  })();
  return {
    kills: () => kills,
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await killing;
    },
  };
}

async function readersOf(path: string): Promise<number[]> {
  const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  const found: number[] = [];
  for (const pid of children.trim().split(' ').filter(Boolean)) {
    const folder = `/proc/${pid}/fd`;
    const names = await readdir(folder).catch(() => []);
    const open = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
    if (open.includes(path)) found.push(Number(pid));
  }
  return found;
}

test('case 115: while the store of bytes is away nothing is judged, and all of it comes out well afterwards', async () => {
  await using callbay = await startCallbay({ isIdle: true });
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.wav', wav(1));
  await client.put('a.json', json());
  await client.put('contacts.csv', CONTACTS);
  await client.put('day.csv', BATCH);
  const { root } = callbay.blobs;
  // As a disk that is not mounted: its place is there, and empty.
  await rename(root, `${root}-away`);
  await mkdir(root);
  await callbay.startWorkers();
  await until('both lanes failed and wait', async () => (await callbay.queueCounts()).delayed >= 2);
  await expect(client.put('late.wav', wav(2))).rejects.toThrow();
  const names = ['a.wav', 'a.json', 'contacts.csv', 'day.csv'];
  expect(await codesOf(callbay, tenant)).toEqual(names.map((name) => `${name} none`));
  await rmdir(root);
  await rename(`${root}-away`, root);
  expect(await settled(callbay, tenant)).toEqual([
    'a.wav SURFACED',
    'a.json SURFACED',
    'contacts.csv CRM_IMPORTED',
    'day.csv BATCH_DONE',
  ]);
  const blamed = 'SELECT name FROM files WHERE tenant_id = $1 AND (classify_attempts > 0 OR rereads > 0)';
  expect(await callbay.db.query(blamed, [tenant.tenantId])).toEqual([]);
});

test('case 115: files whose bytes are lost are held, hold up nobody, and are read once the bytes are found', async () => {
  await using callbay = await startCallbay({ isIdle: true });
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await callbay.clock.set(await callbay.clock.now());
  await client.put('a.json', json());
  await client.put('contacts.csv', CONTACTS);
  await client.put('day.csv', BATCH);
  await client.put('a.wav', wav(1));
  await client.put('b.wav', wav(2));
  await client.put('b.json', json());
  const lost = ['a.json', 'contacts.csv', 'day.csv'];
  const finders = await Promise.all(lost.map((name) => loseBytes(callbay, tenant, name)));
  await callbay.startWorkers();
  expect(await settled(callbay, tenant)).toEqual([
    ...lost.map((name) => `${name} BYTES_MISSING`),
    'a.wav NO_METADATA',
    'b.wav SURFACED',
    'b.json SURFACED',
  ]);
  expect(await openAlerts(callbay, tenant)).toEqual(['FILES_UNREAD']);
  const receipt = await client.receipt('a.json');
  expect(receipt).toMatchObject({ state: 'held', sha256: null, outcome: { code: 'BYTES_MISSING' } });
  // Read again in vain: nothing changes.
  expect((await readAgain(callbay, tenant)).slice(0, 3)).toEqual(lost.map((name) => `${name} BYTES_MISSING`));
  for (const find of finders) await find();
  await callbay.clock.advance(HOUR);
  expect(await readAgain(callbay, tenant)).toEqual([
    'a.json SURFACED',
    'contacts.csv CRM_IMPORTED',
    'day.csv BATCH_DONE',
    'a.wav SURFACED',
    'b.wav SURFACED',
    'b.json SURFACED',
  ]);
  expect(await openAlerts(callbay, tenant)).not.toContain('FILES_UNREAD');
});

test('what is sent again takes the place of lost bytes', async () => {
  await using callbay = await startCallbay({ isIdle: true });
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.json', json());
  await client.put('a.wav', wav(1));
  await loseBytes(callbay, tenant, 'a.wav');
  await callbay.startWorkers();
  expect(await settled(callbay, tenant)).toEqual(['a.json NO_RECORDING', 'a.wav BYTES_MISSING']);
  await client.put('a.wav', wav(1));
  expect(await settled(callbay, tenant)).toEqual(['a.json SURFACED', 'a.wav SUPERSEDED', 'a.wav SURFACED']);
});

test('case 115: a good file whose reader is killed again and again is held, holds up nobody, and a replay heals it', async () => {
  await using callbay = await startCallbay({ isIdle: true });
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  // Long enough to be read that its reader can be caught at it.
  const fields = Array.from({ length: 1_500 }, (_, n) => `field${n}: ${'x'.repeat(400)}`);
  const heavy = `datetime: 2026-03-02T10:00:00Z\nemail: rep@acme.test\ndirection: inbound\n${fields.join('\n')}\n`;
  await client.put('heavy.yaml', heavy);
  await client.put('heavy.wav', wav(1));
  await client.put('light.json', json());
  await client.put('light.wav', wav(2));
  {
    await using killer = killReadersOf(await pathOf(callbay, tenant, 'heavy.yaml'));
    await callbay.startWorkers();
    expect(await settled(callbay, tenant)).toEqual([
      'heavy.yaml UNREADABLE',
      'heavy.wav NO_METADATA',
      'light.json SURFACED',
      'light.wav SURFACED',
    ]);
    expect(killer.kills()).toBeGreaterThanOrEqual(3);
  }
  expect(await openAlerts(callbay, tenant)).toEqual(['FILES_UNREAD']);
  expect(await replay(callbay, tenant, 'heavy.yaml')).toBe('replayed');
  expect((await settled(callbay, tenant)).slice(0, 2)).toEqual(['heavy.yaml SURFACED', 'heavy.wav SURFACED']);
});

test('a lost CRM file is not applied after a later one of its type', async () => {
  await using callbay = await startCallbay({ isIdle: true });
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('contacts.csv', 'Id,Email\n1,old@acme.test\n');
  const find = await loseBytes(callbay, tenant, 'contacts.csv');
  await client.put('contacts.csv', 'Id,Email\n1,new@acme.test\n');
  await callbay.startWorkers();
  expect(await settled(callbay, tenant)).toEqual(['contacts.csv BYTES_MISSING', 'contacts.csv CRM_IMPORTED']);
  await find();
  expect(await readAgain(callbay, tenant)).toEqual([
    'contacts.csv BYTES_MISSING',
    'contacts.csv CRM_IMPORTED',
  ]);
  const objects = await callbay.db.query<{ fields: Record<string, string> }>(
    'SELECT fields FROM crm_objects WHERE tenant_id = $1',
    [tenant.tenantId],
  );
  expect(JSON.stringify(objects)).toContain('new@acme.test');
});
