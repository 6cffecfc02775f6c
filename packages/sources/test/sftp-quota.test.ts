import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fixture, startFixture, statusOf, type TestClient } from './fixture.ts';

const FAILURE = 4;
let drop: Fixture;
beforeAll(async () => {
  drop = await startFixture();
});
afterAll(() => drop[Symbol.asyncDispose]());

const reset = (quotaBytes: number | null): void => {
  drop.drop.files.length = 0;
  drop.drop.quotaBytes = quotaBytes;
};
const rename = (client: TestClient, from: string, to: string): Promise<unknown> =>
  client.do((sftp, done) => sftp.rename(from, to, done));
const blobs = async (): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of drop.blobs.list()) keys.push(key);
  return keys;
};

test('a tenant that has used up its quota is refused at OPEN with a sentence, and is received again with a larger one', async () => {
  reset(10);
  await using client = await drop.connect();
  await client.put('first.wav', '0123456789');
  const refused = client.open('second.wav', 'w');
  await expect(refused).rejects.toThrow(/quota is used up/);
  expect(await statusOf(refused)).toBe(FAILURE);
  drop.drop.quotaBytes = 20;
  await client.put('second.wav', '0123456789');
  expect(drop.drop.files.map(({ name }) => name)).toEqual(['first.wav', 'second.wav']);
  expect(drop.errors).toEqual([]);
});

test('the write that passes the quota fails, and nothing of the file is kept', async () => {
  reset(1000);
  await using client = await drop.connect();
  const handle = await client.open('large.wav', 'w');
  await client.write(handle, Buffer.alloc(1000), 0);
  await expect(client.write(handle, Buffer.alloc(1), 1000)).rejects.toThrow(/quota is used up/);
  expect(await statusOf(client.close(handle))).toBe(FAILURE);
  expect(drop.drop.files).toEqual([]);
  expect(await drop.spooled()).toEqual([]);
  await client.put('small.wav', Buffer.alloc(1000));
  expect(drop.drop.files).toHaveLength(1);
});

test('a file that is beyond the quota at its end is refused, and its bytes are nowhere', async () => {
  reset(null);
  const before = await blobs();
  await using client = await drop.connect();
  const handle = await client.open('late.wav', 'w');
  await client.write(handle, Buffer.alloc(100), 0);
  drop.drop.quotaBytes = 99;
  expect(await statusOf(client.close(handle))).toBe(FAILURE);
  expect(drop.drop.files).toEqual([]);
  expect(await drop.spooled()).toEqual([]);
  expect(await blobs()).toEqual(before);
});

test('what is uploaded under temporary names, and what is under way, takes room too', async () => {
  reset(100);
  await using client = await drop.connect();
  await client.put('a.wav.part', Buffer.alloc(60));
  const handle = await client.open('b.wav', 'w');
  await client.write(handle, Buffer.alloc(30), 0);
  const third = await client.open('c.wav', 'w');
  expect(await statusOf(client.write(third, Buffer.alloc(11), 0))).toBe(FAILURE);
  expect(await statusOf(client.close(third))).toBe(FAILURE);
  await client.close(handle);
  await rename(client, 'a.wav.part', 'a.wav');
  expect(drop.drop.files.map(({ sizeBytes }) => sizeBytes)).toEqual([30, 60]);
});

test('a RENAME of a temporary name beyond the quota is refused, and the upload stays where it was', async () => {
  reset(null);
  const before = await blobs();
  await using client = await drop.connect();
  await client.put('d.wav.part', Buffer.alloc(60));
  drop.drop.quotaBytes = 59;
  expect(await statusOf(rename(client, 'd.wav.part', 'd.wav'))).toBe(FAILURE);
  expect((await client.stat('d.wav.part')).size).toBe(60);
  expect(await blobs()).toEqual(before);
  drop.drop.quotaBytes = 60;
  await rename(client, 'd.wav.part', 'd.wav');
  expect(drop.drop.files).toHaveLength(1);
});
