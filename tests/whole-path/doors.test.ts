// What every door keeps, whatever it is: the conformance suite of the drops.
import { createHash } from 'node:crypto';
import { sweepPurges } from '@callbay/ingestion';
import {
  INSTALL_RGW,
  isRgwInstalled,
  makeTenant,
  makeWav,
  type RunningCallbay,
  startCallbay,
} from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BucketWorld, DOOR_KINDS, type DoorKind, openDoor, startBuckets } from './doors.ts';
import { callsOf, codesOf, HOUR, json, trueClocks } from './support.ts';

let callbay: RunningCallbay & { buckets: BucketWorld | null };
beforeAll(async () => {
  callbay = { ...(await startCallbay()), buckets: await startBuckets() };
}, 120_000);
afterAll(async () => {
  await callbay.buckets?.[Symbol.asyncDispose]();
  await callbay[Symbol.asyncDispose]();
});

const isMissing = (kind: DoorKind): boolean => kind === 's3' && !isRgwInstalled();
if (isMissing('s3')) console.warn(`the s3 door is not tested: install Ceph with \`${INSTALL_RGW}\``);

const DAY = 24 * HOUR;
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const wav = (seed = 1): Buffer => makeWav({ seconds: 1, seed });

describe.each(DOOR_KINDS.filter((kind) => !isMissing(kind)))('the %s door', (kind) => {
  test('both orders of a pair surface one call each, and the files show in processed with a receipt', async () => {
    await using door = await openDoor(callbay, kind);
    await door.put('a.wav', wav(1));
    await door.put('b.json', json());
    await door.settle();
    expect(await door.list('data')).toEqual(['a.wav', 'b.json']);
    expect((await door.receipt('a.wav')).outcome?.code).toBe('NO_METADATA');
    await door.put('a.json', json());
    await door.put('b.wav', wav(2));
    await door.settle();
    expect(await callsOf(callbay, door)).toHaveLength(2);
    expect(await door.list('data')).toEqual([]);
    expect(await door.list('processed')).toEqual(['a.json', 'a.wav', 'b.json', 'b.wav']);
    expect((await door.receipt('a.wav')).outcome?.code).toBe('SURFACED');
  });

  test('an upload that is still open is not received, and is whole once it ends', async () => {
    await using door = await openDoor(callbay, kind);
    const upload = await door.begin('a.wav', wav().subarray(0, 1_000), wav().length);
    await callbay.settle();
    expect(await codesOf(callbay, door)).toEqual([]);
    await upload.finish(wav().subarray(1_000));
    await door.put('a.json', json());
    await door.settle();
    expect((await codesOf(callbay, door)).sort()).toEqual(['a.json SURFACED', 'a.wav SURFACED']);
  });

  test.skipIf(kind === 'http')(
    'a temporary name is not received until it is renamed to the real one',
    async () => {
      await using door = await openDoor(callbay, kind);
      await door.put('a.wav.filepart', wav());
      await door.settle();
      expect(await codesOf(callbay, door)).toEqual([]);
      await door.rename('a.wav.filepart', 'a.wav');
      await door.settle();
      expect(await codesOf(callbay, door)).toEqual(['a.wav NO_METADATA']);
    },
  );

  test('case 26, 42, 54: files sent again change nothing and overwrite nothing', async () => {
    await using door = await openDoor(callbay, kind);
    for (let n = 0; n < 2; n += 1) {
      await door.put('a.wav', wav());
      await door.put('a.json', json());
      await door.settle();
    }
    expect((await codesOf(callbay, door)).sort()).toEqual([
      'a.json SURFACED',
      'a.json UNCHANGED',
      'a.wav DUPLICATE',
      'a.wav SURFACED',
    ]);
    expect(await callsOf(callbay, door)).toMatchObject([{ revision: 1 }]);
    expect(await door.list('processed')).toEqual(['a.json', 'a.wav', 'a~2.json', 'a~2.wav']);
  });

  test('case 27: what is overwritten before its call is complete is superseded by the newer version', async () => {
    await using door = await openDoor(callbay, kind);
    await door.put('a.wav', wav(1));
    await door.settle();
    await door.put('a.wav', wav(2));
    await door.settle();
    await door.put('a.json', json());
    await door.settle();
    expect(await codesOf(callbay, door)).toEqual(['a.wav SUPERSEDED', 'a.wav SURFACED', 'a.json SURFACED']);
  });

  test('a newer version of the metadata updates the call', async () => {
    await using door = await openDoor(callbay, kind);
    await callbay.clock.set('2026-03-02T11:00:00.000Z');
    await door.put('a.wav', wav());
    await door.put('a.json', json());
    await door.settle();
    await door.put('a.json', json({ email: 'other@acme.test' }));
    await door.settle();
    expect(await callsOf(callbay, door)).toMatchObject([{ revision: 2, user_id: 'other@acme.test' }]);
    await callbay.clock.release();
  });

  test('a file that is overwritten while it is read is always one version whole, and the last version wins', async () => {
    await using door = await openDoor(callbay, kind);
    await callbay.clock.set('2026-03-02T11:00:00.000Z');
    await door.put('a.wav', wav());
    const bodies = Array.from({ length: 12 }, (_, n) => json({ title: `${n % 10}`.repeat(50_000) + n }));
    let isDone = false;
    const writing = (async () => {
      for (const body of bodies) await door.put('a.json', body);
      isDone = true;
    })();
    while (!isDone) await door.settle();
    await writing;
    await door.settle();
    const files = await callbay.db.query<{ sha256: string }>(
      `SELECT sha256 FROM files WHERE tenant_id = $1 AND name = 'a.json'`,
      [door.tenantId],
    );
    expect(files.length).toBeGreaterThan(0);
    for (const { sha256 } of files) expect(bodies.map(digestOf)).toContain(sha256);
    const [call] = await callsOf(callbay, door);
    expect(String(call?.fields.title).slice(49_999)).toBe('111');
    await callbay.clock.release();
  }, 120_000);

  test('files that come at once and in any order are each received once', async () => {
    await using door = await openDoor(callbay, kind);
    const names = Array.from({ length: 8 }, (_, n) => [`${n}.wav`, `${n}.json`]).flat();
    const order = [...names].sort((a, b) => (digestOf(a) < digestOf(b) ? -1 : 1));
    await Promise.all(
      order.map((name) => door.put(name, name.endsWith('wav') ? wav(Number.parseInt(name, 10)) : json())),
    );
    await door.settle();
    expect((await codesOf(callbay, door)).sort()).toEqual(names.map((name) => `${name} SURFACED`).sort());
    expect(await callsOf(callbay, door)).toHaveLength(8);
    expect(await door.list('processed')).toEqual([...names].sort());
  });

  test('case 59: a file that its owner removes before it surfaced is withdrawn', async () => {
    await using door = await openDoor(callbay, kind);
    await door.put('a.wav', wav());
    await door.settle();
    await door.remove('a.wav');
    await door.settle();
    expect(await codesOf(callbay, door)).toEqual(['a.wav WITHDRAWN']);
    expect((await door.receipt('a.wav')).state).toBe('withdrawn');
    await door.put('a.json', json());
    await door.settle();
    expect(await callsOf(callbay, door)).toEqual([]);
  });

  test('a rejected file shows in rejected, and its correction is received', async () => {
    await using door = await openDoor(callbay, kind);
    await door.put('a.json', '{');
    await door.put('a.wav', wav());
    await door.settle();
    expect(await door.list('rejected')).toEqual(['a.json']);
    await door.put('a.json', json());
    await door.settle();
    expect(await callsOf(callbay, door)).toHaveLength(1);
    expect((await door.receipt('a.json')).outcome?.code).toBe('SURFACED');
    expect((await door.receipt('a.json~1')).outcome?.code).toBe('METADATA_INVALID');
  });

  test('case 25: empty files end with a code of their own', async () => {
    await using door = await openDoor(callbay, kind);
    await door.put('a.wav', '');
    await door.put('b.json', '');
    await door.settle();
    expect((await codesOf(callbay, door)).sort()).toEqual(['a.wav EMPTY_MEDIA', 'b.json METADATA_INVALID']);
  });

  test('case 49 to 51, 56: all leaves the drop 7 days after it came, and the call keeps its media', async () => {
    await using door = await openDoor(callbay, kind);
    await callbay.clock.set('2026-03-02T11:00:00.000Z');
    await door.put('a.wav', wav(1));
    await door.put('a.json', json());
    await door.put('bad.json', '{');
    await door.put('lone.wav', wav(2));
    await door.settle();
    const purge = async (ms: number): Promise<void> => {
      await callbay.clock.set(new Date(Date.parse('2026-03-02T11:00:00.000Z') + ms));
      while ((await sweepPurges(callbay.deps, trueClocks())) > 0);
      await door.settle();
    };
    await purge(7 * DAY - 1);
    expect(await door.list('processed')).toEqual(['a.json', 'a.wav']);
    await purge(7 * DAY);
    for (const folder of ['data', 'processed', 'rejected'] as const)
      expect(await door.list(folder)).toEqual([]);
    expect((await codesOf(callbay, door)).sort()).toEqual([
      'a.json SURFACED',
      'a.wav SURFACED',
      'bad.json METADATA_INVALID',
      'lone.wav PURGED_UNPAIRED',
    ]);
    const [call] = await callsOf(callbay, door);
    expect(await callbay.blobs.size(door.tenantId, call!.media_blob_key)).toBe(wav(1).length);
    await callbay.clock.release();
  });
});

const OTHERS = DOOR_KINDS.filter((kind) => kind !== 'sftp' && !isMissing(kind));

test.each(OTHERS)('case 120: the same files by SFTP and through the %s door are one call', async (kind) => {
  const tenantId = await makeTenant(callbay.db);
  await using other = await openDoor(callbay, kind, tenantId);
  await using sftp = await openDoor(callbay, 'sftp', tenantId);
  for (const door of [sftp, other]) {
    await door.put('a.wav', wav());
    await door.put('a.json', json());
    await door.settle();
  }
  expect((await codesOf(callbay, sftp)).sort()).toEqual([
    'a.json SURFACED',
    'a.json UNCHANGED',
    'a.wav DUPLICATE',
    'a.wav SURFACED',
  ]);
  expect(await callsOf(callbay, sftp)).toHaveLength(1);
  expect(await other.list('processed')).toEqual(['a~2.json', 'a~2.wav']);
});

test.each(OTHERS)('the halves of a pair by SFTP and through the %s door are one call', async (kind) => {
  const tenantId = await makeTenant(callbay.db);
  await using other = await openDoor(callbay, kind, tenantId);
  await using sftp = await openDoor(callbay, 'sftp', tenantId);
  await other.put('a.wav', wav());
  await other.settle();
  await sftp.put('a.json', json());
  await other.settle();
  expect(await callsOf(callbay, sftp)).toHaveLength(1);
  expect(await other.list('processed')).toEqual(['a.wav']);
  expect(await sftp.list('processed')).toEqual(['a.json']);
});
