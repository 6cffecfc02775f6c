import { randomUUID } from 'node:crypto';
import type { DropView, FileReceiver } from '@callbay/ingestion';
import {
  createTestDatabase,
  makeTenant,
  type TestClock,
  type TestDatabase,
  testClock,
} from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDropView, createFileReceiver } from '../src/index.ts';

let database: TestDatabase;
let clock: TestClock;
let receiver: FileReceiver;
let view: DropView;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  clock = await testClock(database.db);
  receiver = createFileReceiver(database.db);
  view = createDropView(database.db);
});
beforeEach(async () => {
  await clock.set('2026-03-01T12:00:00Z');
  tenantId = await makeTenant(database.db);
});
afterAll(() => database.drop());

async function receive(name: string): Promise<string> {
  const fileId = randomUUID();
  const blobKey = `${tenantId}/${fileId}`;
  const modifiedAt = new Date();
  await receiver.receiveFile(tenantId, {
    fileId,
    drop: 'sftp',
    name,
    sizeBytes: 10,
    modifiedAt,
    blobKey,
    sentBy: 'u',
  });
  return fileId;
}

const list = (afterName: string | null = null, limit = 100) =>
  view.listReceipts(tenantId, { afterName, limit });
const names = async (afterName?: string | null, limit?: number) =>
  (await list(afterName, limit)).map(({ name }) => name);
const read = async (name: string) => {
  const bytes = await view.readReceipt(tenantId, name);
  return bytes === null ? null : JSON.parse(bytes.toString());
};

test('a receipt is the file as the API shows it', async () => {
  const fileId = await receive('Zoë.wav');
  await database.db.execute(
    `INSERT INTO calls (tenant_id, call_key, call_id, updates_until) VALUES ($1, 'stem:Zoë', 7, '2026-03-03T12:00:00Z')`,
    [tenantId],
  );
  await database.db.execute(
    `UPDATE files SET state = 'done', kind = 'recording', sha256 = 'ab', call_key = 'stem:Zoë', folder = 'processed',
       shown_name = 'Zoë~2.wav', outcome_code = 'SURFACED', outcome_message = 'm', outcome_fix = 'f',
       outcome_at = '2026-03-01T12:00:01Z', warnings = '[{"code":"NAME_UNPARSED","message":"w","at":null}]'
     WHERE id = $1`,
    [fileId],
  );
  expect(await read('Zoë.wav.json')).toEqual({
    id: fileId,
    drop: 'sftp',
    path: '/data/Zoë.wav',
    name: 'Zoë.wav',
    kind: 'recording',
    sizeBytes: 10,
    sha256: 'ab',
    receivedAt: '2026-03-01T12:00:00.000Z',
    seenAt: '2026-03-01T12:00:00.000Z',
    state: 'done',
    outcome: { code: 'SURFACED', message: 'm', fix: 'f', at: '2026-03-01T12:00:01.000Z' },
    warnings: [{ code: 'NAME_UNPARSED', message: 'w', at: null }],
    location: '/data/processed/Zoë~2.wav',
    callKey: 'stem:Zoë',
    callId: 7,
    updatesAcceptedUntil: '2026-03-03T12:00:00.000Z',
    purgeAt: '2026-03-08T12:00:00.000Z',
    purgedAt: null,
  });
});

test('a file nobody has read yet has a receipt without outcome', async () => {
  await receive('a.json');
  expect(await read('a.json.json')).toMatchObject({
    state: 'received',
    kind: null,
    outcome: null,
    callId: null,
  });
});

test('the newest file has the plain name, and an earlier one keeps its number when another comes', async () => {
  const first = await receive('a.wav');
  const second = await receive('a.wav');
  expect(await names()).toEqual(['a.wav~1.json', 'a.wav.json']);
  const third = await receive('a.wav');
  expect(await names()).toEqual(['a.wav~1.json', 'a.wav~2.json', 'a.wav.json']);
  expect(await read('a.wav~1.json')).toMatchObject({ id: first });
  expect(await read('a.wav~2.json')).toMatchObject({ id: second });
  expect(await read('a.wav.json')).toMatchObject({ id: third });
  expect(await read('a.wav~3.json')).toBeNull();
  expect(await read('a.wav~0.json')).toBeNull();
});

test("a customer's own name that ends in a number keeps its receipt", async () => {
  await receive('a.wav');
  await receive('a.wav');
  const own = await receive('a.wav~1');
  expect(await names()).toEqual(['a.wav.json', 'a.wav~1.json']);
  expect(await read('a.wav~1.json')).toMatchObject({ id: own });
});

test('pages join without gap where receipts give their names up to own files of the customer', async () => {
  for (let n = 0; n < 6; n += 1) await receive('a.wav');
  for (const name of ['a.wav~1', 'a.wav~2', 'a.wav~4', 'b.wav']) await receive(name);
  const all = await names();
  expect(all).toEqual([
    'a.wav~3.json',
    'a.wav~5.json',
    'a.wav.json',
    'a.wav~1.json',
    'a.wav~2.json',
    'a.wav~4.json',
    'b.wav.json',
  ]);
  for (const limit of [1, 2, 3]) {
    const paged: string[] = [];
    for (let page = await names(null, limit); page.length > 0; page = await names(paged.at(-1), limit)) {
      expect(page.length).toBeLessThanOrEqual(limit);
      paged.push(...page);
    }
    expect(paged).toEqual(all);
  }
});

test('case 34: the versions, the names and the receipts of another tenant count for nothing', async () => {
  const other = await makeTenant(database.db, { id: `${tenantId}2` });
  const mine = await receive('a.wav');
  const own = tenantId;
  tenantId = other;
  for (const name of ['a.wav', 'a.wav', 'a.wav~1']) await receive(name);
  tenantId = own;
  expect(await names()).toEqual(['a.wav.json']);
  expect(await read('a.wav.json')).toMatchObject({ id: mine });
  expect(await read('a.wav~1.json')).toBeNull();
});

test('pages join without gap or repetition, and a listed size is the exact size', async () => {
  for (const name of ['b.wav', 'a.wav', 'a.wav', 'c.json', 'a.wav', 'b.wav']) await receive(name);
  const all = await list();
  const paged: string[] = [];
  for (;;) {
    const page = await names(paged.at(-1) ?? null, 2);
    if (page.length === 0) break;
    paged.push(...page);
  }
  expect(paged).toEqual(all.map(({ name }) => name));
  expect(paged).toEqual([
    'a.wav~1.json',
    'a.wav~2.json',
    'a.wav.json',
    'b.wav~1.json',
    'b.wav.json',
    'c.json.json',
  ]);
  for (const entry of all) {
    expect(await view.findReceipt(tenantId, entry.name)).toEqual(entry);
    expect((await view.readReceipt(tenantId, entry.name))?.length).toBe(entry.sizeBytes);
  }
});

test('a receipt is kept 30 days from arrival, also when the file is purged', async () => {
  const fileId = await receive('a.wav');
  await receive('a.wav');
  await database.db.execute('UPDATE files SET purged_at = callbay_now() WHERE id = $1', [fileId]);
  await clock.advance(30 * 86_400_000 - 1);
  expect(await names()).toEqual(['a.wav~1.json', 'a.wav.json']);
  await clock.advance(1);
  expect(await names()).toEqual([]);
  expect(await read('a.wav.json')).toBeNull();
});

test('what is no receipt is not found', async () => {
  await receive('a.wav');
  expect(await read('a.wav')).toBeNull();
  expect(await read('.json')).toBeNull();
  expect(await read('~1.json')).toBeNull();
});
