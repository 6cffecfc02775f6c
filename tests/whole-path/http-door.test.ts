// The door over HTTP: requests that are cut, repeated, forged and too large, and ends of the process between any two steps.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { CallbayError } from '@callbay/core';
import { createFileReceiver } from '@callbay/postgres';
import { makeTenant, makeWav, type RunningCallbay, startCallbay, until } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpDoor, openHttpDoor } from './http-door.ts';
import { callsOf, codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const wav = makeWav({ seconds: 1, seed: 1 });
const rangeOf = (start: number, length: number, size: number) => ({
  'content-range': `bytes ${start}-${start + length - 1}/${size}`,
});
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
const read = async (response: Promise<Response>): Promise<{ status: number; body: any }> => {
  const answer = await response;
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
};
const progress = (door: HttpDoor, id: string, size = wav.length) =>
  read(door.ask('PUT', `/uploads/${id}`, undefined, { 'content-range': `bytes */${size}` }));

/** Sends a part of a body and leaves the connection open; `cut` ends it as a lost network does. */
function sendSome(door: HttpDoor, path: string, bytes: Buffer) {
  const { url, tenantId, key } = door;
  const headers = { authorization: `Bearer ${key}`, 'content-length': `${wav.length}` };
  const sending = request(`${url}/v1/tenants/${tenantId}${path}`, { method: 'POST', headers });
  // Cutting it is an error on this side, too.
  sending.on('error', () => {});
  sending.write(bytes);
  return {
    cut: () => sending.destroy(),
    status: async () => ((await once(sending, 'response')) as { statusCode: number }[])[0]?.statusCode,
  };
}

test('a request that is cut is continued from its bytes, and the file is whole', async () => {
  await using door = await openHttpDoor(callbay);
  const id = randomUUID();
  const { cut } = sendSome(door, `/files?name=a.wav&id=${id}`, wav.subarray(0, 5_000));
  await until('bytes arrived', async () => (await progress(door, id)).body.receivedBytes === 5_000);
  cut();
  const rest = wav.subarray(5_000);
  const path = `/uploads/${id}`;
  const sent = await until('the rest is taken', async () => {
    const answer = await read(door.ask('PUT', path, rest, rangeOf(5_000, rest.length, wav.length)));
    return answer.status === 201 ? answer : null;
  });
  expect(sent.body).toMatchObject({ id, name: 'a.wav', drop: 'api', sizeBytes: wav.length });
  await door.put('a.json', json());
  await door.settle();
  const [call] = await callsOf(callbay, door);
  expect(await callbay.blobs.size(door.tenantId, call!.media_blob_key)).toBe(wav.length);
  expect((await codesOf(callbay, door)).sort()).toEqual(['a.json SURFACED', 'a.wav SURFACED']);
});

test('a request whose answer was lost is sent again and changes nothing', async () => {
  await using door = await openHttpDoor(callbay);
  const path = `/files?name=a.wav&id=${randomUUID()}`;
  const first = await read(door.ask('POST', path, wav));
  const again = await read(door.ask('POST', path, wav));
  expect([first.status, again.status, again.body.id]).toEqual([201, 200, first.body.id]);
  expect((await progress(door, first.body.id)).body.id).toBe(first.body.id);
  await door.settle();
  expect(await codesOf(callbay, door)).toEqual(['a.wav NO_METADATA']);
});

test('an id of another file is refused, whatever door the file came by', async () => {
  await using door = await openHttpDoor(callbay);
  const { body } = await read(door.ask('POST', `/files?name=a.wav&id=${randomUUID()}`, wav));
  const { status } = await read(door.ask('POST', `/files?name=b.wav&id=${body.id}`, wav));
  expect(status).toBe(409);
  const part = await read(
    door.ask('PUT', `/uploads/${body.id}?name=a.wav`, wav, rangeOf(0, wav.length, 9_999_999)),
  );
  expect(part.status).toBe(409);
});

test('parts that leave a gap, belie their length or name nothing are refused, and what arrived stays', async () => {
  await using door = await openHttpDoor(callbay);
  const id = randomUUID();
  const path = `/uploads/${id}`;
  const some = wav.subarray(0, 1_000);
  const put = (query: string, start: number, body = some, size = wav.length) =>
    read(door.ask('PUT', `${path}${query}`, body, rangeOf(start, body.length, size)));
  expect((await put('', 1_000)).status).toBe(404);
  expect((await put('', 0)).status).toBe(400);
  expect((await put('?name=a.wav', 0)).body).toMatchObject({
    id,
    receivedBytes: 1_000,
    sizeBytes: wav.length,
  });
  expect((await put('', 5_000)).body).toMatchObject({
    code: 'CONFLICT',
    detail: 'The next part begins at byte 1000.',
  });
  expect((await put('', 0, some, 2_000)).status).toBe(409);
  const wrong = await read(door.ask('PUT', path, some, rangeOf(1_000, 10, wav.length)));
  expect([wrong.status, wrong.body.issues[0].at]).toEqual([400, 'content-range']);
  expect((await read(door.ask('PUT', path, some))).status).toBe(400);
  expect((await progress(door, id)).body.receivedBytes).toBe(1_000);
  // A part may begin earlier: what follows it is replaced.
  expect((await put('', 500)).body.receivedBytes).toBe(1_500);
  expect((await door.ask('DELETE', path)).status).toBe(204);
  expect((await progress(door, id)).status).toBe(404);
});

test('the newest of two requests for one upload wins', async () => {
  await using door = await openHttpDoor(callbay);
  const id = randomUUID();
  const path = `/files?name=a.wav&id=${id}`;
  const older = sendSome(door, path, wav.subarray(0, 5_000));
  await until('bytes arrived', async () => (await progress(door, id)).body.receivedBytes === 5_000);
  const status = older.status();
  expect((await read(door.ask('POST', path, wav))).status).toBe(201);
  expect(await status).toBe(409);
  older.cut();
  await door.settle();
  expect(await codesOf(callbay, door)).toEqual(['a.wav NO_METADATA']);
});

test.each(['../a.wav', 'a/b.wav', 'a.wav.part', '.a.wav', ' a.wav'])(
  'the name %s is refused',
  async (name) => {
    await using door = await openHttpDoor(callbay);
    const { status, body } = await read(door.ask('POST', `/files?${new URLSearchParams({ name })}`, wav));
    expect([status, body.issues[0]?.code]).toEqual([400, 'NAME_INVALID']);
  },
);

test('case 24: a file over 2 GiB is refused before any of it is read', async () => {
  await using door = await openHttpDoor(callbay);
  const path = `/uploads/${randomUUID()}?name=a.wav`;
  const { status, body } = await read(door.ask('PUT', path, wav, rangeOf(0, wav.length, 2 ** 31 + 1)));
  expect([status, body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
});

test('a key of a sender sends, reads one file, and lists neither files nor calls', async () => {
  await using door = await openHttpDoor(callbay);
  const { body } = await read(door.ask('POST', '/files?name=a.wav', wav));
  expect((await door.ask('GET', `/files/${body.id}/explanation`)).status).toBe(200);
  for (const path of ['/files', '/calls', '/config']) expect((await door.ask('GET', path)).status).toBe(403);
  const other = await makeTenant(callbay.db);
  const foreign = await fetch(`${door.url}/v1/tenants/${other}/files?name=a.wav`, {
    method: 'POST',
    headers: { authorization: `Bearer ${door.key}` },
    body: new Uint8Array(wav),
  });
  expect(foreign.status).toBe(404);
});

test('a tenant beyond its quota is refused at the first byte', async () => {
  await using door = await openHttpDoor(callbay);
  await callbay.db.execute(
    `UPDATE tenants SET settings = settings || '{"storageQuotaBytes":100}' WHERE id = $1`,
    [door.tenantId],
  );
  const { status, body } = await read(door.ask('POST', '/files?name=a.wav', wav));
  expect([status, body.code]).toEqual([507, 'QUOTA_EXCEEDED']);
});

describe('a process that ends', () => {
  test.each(['written', 'received'] as const)('after the bytes were %s leaves one file', async (point) => {
    let hasEnded = false;
    await using door = await openHttpDoor(callbay, undefined, {
      step: (name) => {
        if (name !== point || hasEnded) return;
        hasEnded = true;
        throw new CallbayError('UNAVAILABLE', 'the process ended');
      },
    });
    const id = randomUUID();
    expect((await read(door.ask('POST', `/files?name=a.wav&id=${id}`, wav))).status).toBe(503);
    const { status, body } = await progress(door, id);
    expect([status, body.id, body.name]).toEqual([point === 'written' ? 201 : 200, id, 'a.wav']);
    await door.settle();
    expect(await codesOf(callbay, door)).toEqual(['a.wav NO_METADATA']);
  });

  test('between bytes and row keeps the bytes, and the next question for the progress receives the file', async () => {
    const receiver = createFileReceiver(callbay.db);
    let isAway = true;
    await using door = await openHttpDoor(callbay, undefined, {
      receiver: {
        ...receiver,
        receiveFile: async (tenantId, file) => {
          if (isAway) throw new CallbayError('UNAVAILABLE', 'the database is away');
          return receiver.receiveFile(tenantId, file);
        },
      },
    });
    const id = randomUUID();
    expect((await read(door.ask('POST', `/files?name=a.wav&id=${id}`, wav))).status).toBe(503);
    isAway = false;
    expect((await progress(door, id)).status).toBe(201);
    await door.settle();
    expect(await codesOf(callbay, door)).toEqual(['a.wav NO_METADATA']);
  });
});
