import { randomUUID } from 'node:crypto';
import { createApiStores, createFileReceiver } from '@callbay/postgres';
import { makeWav, openSftp, type RunningCallbay, startCallbay, truncateWav } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });

test('case 13: a temporary name is stored and never read; renaming it to a real one completes it', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.wav.filepart', wav(1));
  await client.put('/b.json.tmp', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([]);
  await client.rename('a.wav.filepart', 'a.wav');
  await client.rename('/b.json.tmp', '/a.json');
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav SURFACED', 'a.json SURFACED']);
});

test('case 15: pairs that complete at once on several workers surface once each', async () => {
  await using tenant = await callbay.openTenant();
  const sessions = await Promise.all(
    Array.from({ length: 4 }, () => openSftp(callbay.sftpPort, tenant.user)),
  );
  const names = Array.from({ length: 24 }, (_, n) => `p${n}`);
  await Promise.all(
    names.flatMap((name, n) => [
      sessions[n % 4]!.put(`${name}.wav`, wav(n)),
      sessions[(n + 1) % 4]!.put(`${name}.json`, json()),
    ]),
  );
  await callbay.settle();
  for (const session of sessions) await session[Symbol.asyncDispose]();
  const calls = await callsOf(callbay, tenant);
  expect(calls.map((call) => call.call_id)).toEqual(names.map((_, n) => n + 1));
  expect(new Set(calls.map((call) => call.call_key)).size).toBe(names.length);
});

test('case 16, 17: what is missing holds a recording, is named, and releases it when it comes', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.wav', wav(1));
  await callbay.settle();
  expect((await client.receipt('a.wav')).outcome?.code).toBe('NO_METADATA');
  await client.put('a.json', json({ email: '' }));
  await callbay.settle();
  const held = await client.receipt('a.wav');
  expect(held).toMatchObject({
    state: 'held',
    outcome: { code: 'MISSING_REQUIRED', message: expect.stringContaining('user') },
  });
  await client.put('a.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav SURFACED', 'a.json SUPERSEDED', 'a.json SURFACED']);
});

test('case 18, 19, 25: unreadable metadata is rejected and stays in the story; a valid one releases', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.wav', wav(1));
  await client.put('a.json', '{"datetime": ');
  await client.put('b.xml', '<call><datetime>2026-03-02T10:00:00Z</datetime><email>a@b.c</email>');
  await client.put('c.json', '');
  await client.put('d.wav', '');
  await callbay.settle();
  await client.put('a.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav SURFACED',
    'a.json METADATA_INVALID',
    'b.xml METADATA_INVALID',
    'c.json METADATA_INVALID',
    'd.wav EMPTY_MEDIA',
    'a.json SURFACED',
  ]);
  expect((await client.receipt('a.json~1')).outcome?.code).toBe('METADATA_INVALID');
});

test('case 20: once valid metadata is there, another extension is one too many', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.json', json());
  await client.put(
    'a.xml',
    '<c><datetime>2026-03-02T10:00:00Z</datetime><email>x@y.z</email><direction>inbound</direction></c>',
  );
  await client.put('a.wav', wav(1));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.json SURFACED',
    'a.xml DUPLICATE_METADATA',
    'a.wav SURFACED',
  ]);
});

test('case 21, 22: the file name field decides between two recordings, by its base name', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.wav', wav(1));
  await client.put('a.aiff', await media('aiff'));
  await client.put('a.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav AMBIGUOUS_STEM',
    'a.aiff AMBIGUOUS_STEM',
    'a.json AMBIGUOUS_STEM',
  ]);
  await client.put('a.json', json({ filename: 'C:\\calls\\a.aiff' }));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav NO_METADATA',
    'a.aiff SURFACED',
    'a.json SUPERSEDED',
    'a.json SURFACED',
  ]);
});

test('case 23: metadata that has one recording and names another surfaces neither', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.wav', wav(1));
  await client.put('b.wav', wav(2));
  await client.put('a.json', json({ filename: 'b.wav' }));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav PAIR_CONFLICT',
    'b.wav PAIR_CONFLICT',
    'a.json PAIR_CONFLICT',
  ]);
  expect(await callsOf(callbay, tenant)).toEqual([]);
});

test('case 24: 2^31 bytes are accepted, and the write that passes them fails and leaves a receipt', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('big.wav', wav(1));
  await client.writeAt('big.wav', Buffer.from([1]), 2 ** 31 - 1);
  expect((await client.stat('big.wav')).size).toBe(2 ** 31);
  await client.put('over.wav', wav(1));
  await expect(client.writeAt('over.wav', Buffer.from([1]), 2 ** 31)).rejects.toThrow();
  expect((await client.receipt('over.wav')).outcome?.code).toBe('TOO_LARGE');
}, 120_000);

test('a recording that was refused for its size makes no call, and no earlier recording gives way to it', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.wav', wav(1));
  await callbay.settle();
  for (const name of ['a.wav', 'b.wav']) {
    await createFileReceiver(callbay.db).recordRefusal(tenant.tenantId, {
      fileId: randomUUID(),
      drop: 'sftp',
      name,
      sizeBytes: 2 ** 31 + 1,
      code: 'TOO_LARGE',
      sentBy: 'u',
    });
    await client.put(name.replace('wav', 'json'), json());
  }
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav SURFACED',
    'a.wav TOO_LARGE',
    'a.json SURFACED',
    'b.wav TOO_LARGE',
    'b.json NO_RECORDING',
  ]);
  const refused = await callbay.db.query(
    `SELECT step FROM file_steps s JOIN files f ON f.tenant_id = s.tenant_id AND f.id = s.file_id
      WHERE f.tenant_id = $1 AND f.outcome_code = 'TOO_LARGE'`,
    [tenant.tenantId],
  );
  expect(refused).toEqual([{ step: 'refused' }, { step: 'refused' }]);
});

test('case 26, 27: the same recording again is no news; another one replaces before completion only', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  for (const seed of [1, 2, 2]) await client.put('a.wav', wav(seed));
  await client.put('a.json', json());
  await client.put('a.wav', wav(3));
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav SUPERSEDED',
    'a.wav SURFACED',
    'a.wav DUPLICATE',
    'a.json SURFACED',
    'a.wav MEDIA_IMMUTABLE',
  ]);
});

test('case 33: the metadata wins over the name about the direction, with a warning', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('20260302-050000_outbound_7.wav', wav(1));
  await client.put('20260302-050000_outbound_7.json', json({ direction: 'inbound' }));
  await callbay.settle();
  const [call] = await callsOf(callbay, tenant);
  expect(call?.direction).toBe('inbound');
  expect(call?.warnings.map((w) => w.code)).toContain('DIRECTION_MISMATCH');
});

test('case 34: two tenants with one stem are never paired', async () => {
  await using one = await callbay.openTenant();
  await using other = await callbay.openTenant();
  await one.client.put('a.wav', wav(1));
  await other.client.put('a.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, one)).toEqual(['a.wav NO_METADATA']);
  expect(await codesOf(callbay, other)).toEqual(['a.json NO_RECORDING']);
});

test('case 35: a tenant in verification is told everything and surfaces nothing until it goes live', async () => {
  await using tenant = await callbay.openTenant({ stage: 'verification' });
  const { client, tenantId } = tenant;
  await client.put('a.wav', wav(1));
  await client.put('a.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav READY', 'a.json READY']);
  expect(await callsOf(callbay, tenant)).toEqual([]);
  await callbay.db.execute(`UPDATE tenants SET stage = 'live' WHERE id = $1`, [tenantId]);
  await callbay.db.execute(`UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1`, [tenantId]);
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav SURFACED', 'a.json SURFACED']);
});

test('case 36: bytes that are no recording are rejected, and nothing surfaces', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('a.wav', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(500)]));
  await client.put('b.mp3', '<!DOCTYPE html><html><body>moved</body></html>');
  await client.put('c.mp3', 'just some text\n');
  for (const name of ['a', 'b', 'c']) await client.put(`${name}.json`, json());
  await callbay.settle();
  const codes = await codesOf(callbay, tenant);
  expect(codes.slice(0, 3)).toEqual(['a.wav NOT_MEDIA', 'b.mp3 NOT_MEDIA', 'c.mp3 NOT_MEDIA']);
  expect(await callsOf(callbay, tenant)).toEqual([]);
});

test('case 107: a recording cut short waits, is resumed, and surfaces whole', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  const whole = makeWav({ seconds: 2, seed: 5 });
  const half = truncateWav(whole, 0.5);
  await client.put('a.wav', half);
  await client.put('a.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav TRUNCATED_MEDIA', 'a.json TRUNCATED_MEDIA']);
  await client.writeAt('a.wav', whole.subarray(half.length), half.length);
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav SUPERSEDED', 'a.json SURFACED', 'a.wav SURFACED']);
});

async function media(ext: string): Promise<Buffer> {
  const { readFile } = await import('node:fs/promises');
  const { fixturePath } = await import('@callbay/testkit');
  return readFile(fixturePath(`call.${ext}` as never));
}

test('a held file whose other half waits under nearly the same name is told so in its receipt and its explanation', async () => {
  await using tenant = await callbay.openTenant();
  await tenant.client.put('20260301-093000_outbound_joe.wav', wav(1));
  await tenant.client.put('20260301-093000_outbound_joe.wav.json', json());
  await tenant.client.put('20260301-120000_inbound_Kim.json', json());
  await tenant.client.put('20260301-120000_inbound_kim.wav', wav(2));
  await callbay.settle();
  const text = (await tenant.client.get('/receipts/20260301-093000_outbound_joe.wav.json.json')).toString();
  const receipt = JSON.parse(text);
  expect(Object.keys(receipt).slice(0, 4)).toEqual(['name', 'state', 'outcome', 'hints']);
  expect(Object.keys(receipt.outcome)).toEqual(['message', 'fix', 'code', 'at']);
  expect(receipt.hints).toEqual([
    expect.stringMatching(/_joe\.wav waits .* holds `\.wav` besides its last extension/),
  ]);
  const sealer = { seal: (plain: string) => plain, unseal: (sealed: string) => sealed };
  const { files: reader } = createApiStores(callbay.db, sealer);
  const { items } = await reader.listFiles(tenant.tenantId, {
    limit: 50,
    name: '20260301-120000_inbound_kim.wav',
  });
  expect(items[0]).not.toHaveProperty('hints');
  const explained = await reader.explainFile(tenant.tenantId, items[0]!.id, { limit: 10 });
  expect(explained?.file.hints).toEqual([
    '20260301-120000_inbound_Kim.json waits for its other half too. Only upper and lower case differ.',
  ]);
});

test('a name that is refused when it is opened leaves a receipt', async () => {
  await using tenant = await callbay.openTenant();
  await expect(tenant.client.put('/data/sub/call.wav', wav(1))).rejects.toThrow();
  expect(await tenant.client.receipt('call.wav')).toMatchObject({
    state: 'rejected',
    outcome: { code: 'NAME_INVALID', message: expect.stringContaining('Folders cannot be made here') },
  });
});
