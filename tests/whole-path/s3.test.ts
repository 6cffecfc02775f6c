// The S3 door on a real server: events that lie, versions that race, crashes between any two steps.
import { createHash } from 'node:crypto';
import { CopyObjectCommand, ListObjectVersionsCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { CallbayError } from '@callbay/core';
import { sweepPurges } from '@callbay/ingestion';
import {
  isRgwInstalled,
  makeTenant,
  makeWav,
  openBucket,
  type RunningCallbay,
  startCallbay,
  type TestBucket,
} from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BucketWorld, startBuckets } from './doors.ts';
import { callsOf, codesOf, HOUR, json, trueClocks } from './support.ts';

const DAY = 24 * HOUR;
const wav = (seed = 1): Buffer => makeWav({ seconds: 1, seed });

describe.skipIf(!isRgwInstalled())('a bucket', () => {
  let callbay: RunningCallbay;
  let world: BucketWorld;
  beforeAll(async () => {
    callbay = await startCallbay();
    world = (await startBuckets())!;
  }, 120_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await callbay[Symbol.asyncDispose]();
  });

  const open = async (changes: Parameters<typeof openBucket>[2]['changes'] = {}, tenantId?: string) =>
    openBucket(callbay, tenantId ?? (await makeTenant(callbay.db)), { ...world, changes });

  const eventOf = ({ drop }: TestBucket, key: string, versionId = '', more: object = {}): string =>
    JSON.stringify({
      Records: [
        {
          eventSource: 'ceph:s3',
          eventName: 'ObjectCreated:Put',
          s3: { bucket: { name: drop.bucket }, object: { key, versionId, ...more } },
        },
      ],
    });

  const filesOf = (tenantId: string) =>
    callbay.db.query<{
      name: string;
      sha256: string | null;
      sizeBytes: number;
      versionId: string;
      seq: number;
    }>(
      `SELECT name, sha256, size_bytes AS "sizeBytes", version_id AS "versionId", receive_seq AS seq FROM files
        WHERE tenant_id = $1 ORDER BY receive_seq`,
      [tenantId],
    );

  /** Deterministic shuffling: a failure can be run again. */
  const shuffled = <T>(items: readonly T[]): T[] =>
    items
      .map((item, n) => ({ item, rank: createHash('md5').update(`${n}`).digest('hex') }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))
      .map(({ item }) => item);

  test('case 94: events doubled, shuffled, lost and early: every version once, the last of each key last', async () => {
    await using bucket = await open();
    const odd = ['a b', 'a+b', 'a%20b', 'é', '😀', 'q?x=1&y', '#h', "it's", '(1)', '100%'];
    await bucket.event(eventOf(bucket, 'data/early.json', 'not-there-yet'));
    const puts: { name: string; versionId: string; body: string }[] = [];
    for (let n = 0; n < 60; n += 1) {
      const name = `${odd[n % odd.length]}-${n % 20}.json`;
      const body = json({ title: `${n}` });
      puts.push({ name, body, versionId: await bucket.put(name, body) });
    }
    const told = shuffled(puts.flatMap((put, n) => (n % 3 === 0 ? [] : n % 3 === 1 ? [put, put] : [put])));
    await Promise.all(
      told.map(({ name, versionId }) => bucket.event(eventOf(bucket, `data/${name}`, versionId))),
    );
    await bucket.listing();
    const files = await filesOf(bucket.tenantId);
    expect(files).toHaveLength(puts.length);
    const received = new Map<string, string[]>();
    for (const { name, versionId } of files) received.set(name, [...(received.get(name) ?? []), versionId]);
    for (const name of received.keys())
      expect(received.get(name)).toEqual(puts.filter((put) => put.name === name).map((put) => put.versionId));
    await callbay.settle();
    const read = await filesOf(bucket.tenantId);
    const digest = (body: string) => createHash('sha256').update(body).digest('hex');
    for (const { versionId, sha256 } of read)
      expect(sha256).toBe(digest(puts.find((put) => put.versionId === versionId)!.body));
    expect(bucket.errors).toEqual([]);
  }, 120_000);

  test('case 95: an object that is overwritten 50 times while it is read is one version’s bytes, and the last wins', async () => {
    await using bucket = await open();
    await callbay.clock.set('2026-03-02T11:00:00.000Z');
    const bodies = Array.from({ length: 50 }, (_, n) =>
      json({ title: `${Math.floor(n / 5)}`.padStart(20_000, `${Math.floor(n / 5)}`) + n }),
    );
    const versions: string[] = [];
    let isDone = false;
    const writing = (async () => {
      for (const body of bodies) versions.push(await bucket.put('hot.json', body));
      isDone = true;
    })();
    while (!isDone) await bucket.event(eventOf(bucket, 'data/hot.json'));
    await writing;
    await bucket.put('hot.wav', wav());
    await bucket.listing();
    await callbay.settle();
    const files = (await filesOf(bucket.tenantId)).filter(({ name }) => name === 'hot.json');
    expect(files.map(({ versionId }) => versionId)).toEqual(versions);
    for (const [n, { sha256 }] of files.entries())
      expect(sha256).toBe(createHash('sha256').update(bodies[n]!).digest('hex'));
    const [call] = await callsOf(callbay, bucket);
    expect(String(call?.fields.title).slice(0, 5)).toBe('99999');
    await callbay.clock.release();
  }, 120_000);

  test('forged events: foreign buckets, keys outside data, versions that are not there, another tenant’s objects', async () => {
    await using bucket = await open();
    await using other = await open();
    await other.put('secret.wav', wav());
    await bucket.put('mine.wav', wav());
    const ignored: string[] = [];
    await using told = await open({ ignored: (kind) => ignored.push(kind) });
    for (const [key, version] of [
      ['processed/a.wav', ''],
      ['data/../../x', ''],
      ['data/mine.wav', 'no-such-version'],
      ['data/', ''],
    ] as const)
      await bucket.event(eventOf(bucket, key, version));
    // By the webhook of one tenant nothing of another comes in.
    await bucket.event(eventOf(other, 'data/secret.wav'));
    await told.event(JSON.stringify({ Event: 's3:TestEvent' }));
    await told.event('junk');
    await told.event(eventOf(told, 'data/a', '').replace(told.drop.bucket, 'foreign-bucket'));
    expect(ignored).toEqual(['test', 'junk', 'foreign']);
    expect((await filesOf(other.tenantId)).length).toBe(0);
    expect((await filesOf(bucket.tenantId)).map(({ name }) => name)).toEqual(['mine.wav']);
    const audit = await callbay.db.query<{ n: number }>(
      `SELECT count(*) AS n FROM audit_log WHERE tenant_id = $1 AND action = 's3Drop.ignored'`,
      [bucket.tenantId],
    );
    expect(Number(audit[0]?.n)).toBe(1);
  });

  test('bad names and sizes are rejected with a receipt, and folders of clients are ignored', async () => {
    await using bucket = await open();
    await bucket.put('a/b.wav', wav());
    await bucket.put('', '');
    await bucket.put('folder/', '');
    await bucket.put('x'.repeat(300), 'x');
    await bucket.put('a.tmp', 'x');
    await bucket.listing();
    await callbay.settle();
    await bucket.tend();
    expect((await codesOf(callbay, bucket)).sort()).toEqual([
      'a/b.wav NAME_INVALID',
      `${'x'.repeat(300)} NAME_INVALID`,
    ]);
    expect(await bucket.list('rejected')).toEqual(['a/b.wav', 'x'.repeat(300)]);
    expect((await bucket.receipt('a/b.wav')).outcome?.code).toBe('NAME_INVALID');
    expect(await bucket.list('data')).toEqual(['', 'a.tmp', 'folder/']);
  });

  test('an update that was put and removed again before it was read changes nothing', async () => {
    await using bucket = await open();
    await callbay.clock.set('2026-03-02T11:00:00.000Z');
    await bucket.put('a.wav', wav());
    await bucket.put('a.json', json());
    await bucket.listing();
    await callbay.settle();
    await bucket.put('a.json', json({ email: 'other@acme.test' }));
    await bucket.remove('a.json');
    await bucket.listing();
    await callbay.settle();
    expect(await callsOf(callbay, bucket)).toMatchObject([{ revision: 1, user_id: 'rep@acme.test' }]);
    await callbay.clock.release();
  });

  test('a copy of a processed object back to data is a new file, though it bears our mark', async () => {
    await using bucket = await open();
    await bucket.put('a.wav', wav());
    await bucket.put('a.json', json());
    await bucket.listing();
    await callbay.settle();
    await bucket.tend();
    const Bucket = bucket.drop.bucket;
    await bucket.customer.send(
      new CopyObjectCommand({ Bucket, Key: 'data/a.wav', CopySource: `${Bucket}/processed/a.wav` }),
    );
    await bucket.listing();
    await callbay.settle();
    expect((await codesOf(callbay, bucket)).sort()).toEqual([
      'a.json SURFACED',
      'a.wav DUPLICATE',
      'a.wav SURFACED',
    ]);
  });

  test('a bucket whose versions are switched off is broken, and sound again once they are on', async () => {
    await using bucket = await open();
    const s3 = bucket.clients.s3;
    const set = (Status: 'Enabled' | 'Suspended') =>
      s3.send(
        new PutBucketVersioningCommand({ Bucket: bucket.drop.bucket, VersioningConfiguration: { Status } }),
      );
    const reason = async () =>
      (
        await callbay.db.query<{ why: string | null }>(
          'SELECT broken_reason AS why FROM s3_drops WHERE tenant_id = $1',
          [bucket.tenantId],
        )
      )[0]?.why;
    await set('Suspended');
    await bucket.put('a.wav', wav());
    await bucket.listing();
    expect(await reason()).toContain('versions');
    const kinds = async () =>
      (await callbay.deps.alerts.readFacts([bucket.tenantId])).map(({ facts }) => facts.s3Problem);
    expect(await kinds()).toEqual([await reason()]);
    expect(await filesOf(bucket.tenantId)).toEqual([]);
    await set('Enabled');
    await bucket.listing();
    expect([await reason(), await kinds()]).toEqual([null, [null]]);
    expect(await filesOf(bucket.tenantId)).toMatchObject([{ name: 'a.wav', versionId: 'null' }]);
  });

  test('case 118: an object found 8 days after it was put is read first, and purged a day after it was seen', async () => {
    await using bucket = await open();
    const putAt = Date.now();
    await bucket.put('a.wav', wav());
    await callbay.clock.set(new Date(putAt + 8 * DAY));
    await bucket.listing();
    await callbay.settle();
    const purge = async (ms: number): Promise<void> => {
      await callbay.clock.set(new Date(putAt + ms));
      while ((await sweepPurges(callbay.deps, trueClocks())) > 0);
      await bucket.tend();
    };
    await purge(8 * DAY + 23 * HOUR);
    expect(await codesOf(callbay, bucket)).toEqual(['a.wav NO_METADATA']);
    await purge(9 * DAY + HOUR);
    expect(await codesOf(callbay, bucket)).toEqual(['a.wav PURGED_UNPAIRED']);
    expect(await bucket.list('data')).toEqual([]);
    await callbay.clock.release();
  });

  test('what was purged leaves no version and no delete marker behind', async () => {
    await using bucket = await open();
    await callbay.clock.set('2026-03-02T11:00:00.000Z');
    for (let n = 0; n < 2; n += 1) {
      await bucket.put('a.wav', wav(n));
      await bucket.put('a.json', json());
      await bucket.listing();
      await callbay.settle();
      await bucket.tend();
    }
    await bucket.put('gone.wav', wav());
    await bucket.listing();
    await bucket.remove('gone.wav');
    await bucket.listing();
    await callbay.settle();
    await callbay.clock.set('2026-03-09T11:00:00.000Z');
    while ((await sweepPurges(callbay.deps, trueClocks())) > 0);
    await bucket.tend();
    const { Versions = [], DeleteMarkers = [] } = await bucket.clients.s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket.drop.bucket }),
    );
    expect([...Versions, ...DeleteMarkers].filter(({ Key }) => !Key?.startsWith('receipts/'))).toEqual([]);
    await callbay.clock.release();
  });

  test.each(['copied', 'received'] as const)(
    'case 55: a listener that ends after %s takes the object in once',
    async (point) => {
      const tenantId = await makeTenant(callbay.db);
      let hasEnded = false;
      await using bucket = await open(
        {
          step: (name) => {
            if (name !== point || hasEnded) return;
            hasEnded = true;
            throw new CallbayError('UNAVAILABLE', 'the process ended');
          },
        },
        tenantId,
      );
      const versionId = await bucket.put('a.wav', wav());
      await expect(bucket.event(eventOf(bucket, 'data/a.wav', versionId))).rejects.toThrow(
        'the process ended',
      );
      await bucket.event(eventOf(bucket, 'data/a.wav', versionId));
      await bucket.put('a.json', json());
      await bucket.listing();
      await callbay.settle();
      expect(await callsOf(callbay, bucket)).toHaveLength(1);
      expect((await codesOf(callbay, bucket)).sort()).toEqual(['a.json SURFACED', 'a.wav SURFACED']);
    },
  );

  test.each(['copied', 'removed'] as const)(
    'case 55: a move that ends after %s is finished by the next',
    async (point) => {
      let hasEnded = false;
      await using bucket = await open({
        moveStep: (name) => {
          if (name !== point || hasEnded) return;
          hasEnded = true;
          throw new CallbayError('UNAVAILABLE', 'the process ended');
        },
      });
      await bucket.put('a.wav', wav());
      await bucket.put('a.json', json());
      await bucket.listing();
      await callbay.settle();
      await bucket.tend();
      await bucket.tend();
      expect(hasEnded).toBe(true);
      expect(await bucket.list('data')).toEqual([]);
      expect(await bucket.list('processed')).toEqual(['a.json', 'a.wav']);
      const { Versions = [] } = await bucket.clients.s3.send(
        new ListObjectVersionsCommand({ Bucket: bucket.drop.bucket, Prefix: 'processed/' }),
      );
      expect(Versions).toHaveLength(2);
      expect(await callsOf(callbay, bucket)).toHaveLength(1);
    },
  );

  test('a listing of many pages takes in all, and keeps the versions of a key together', async () => {
    await using bucket = await openBucket(callbay, await makeTenant(callbay.db), {
      ...world,
      pageVersions: 4,
    });
    const names = Array.from({ length: 12 }, (_, n) => `f${`${n}`.padStart(2, '0')}.json`);
    for (const name of names) await bucket.put(name, '{');
    const versions: string[] = [];
    // More than a page holds, and a delete marker below them.
    await bucket.remove('f05.json');
    for (let n = 0; n < 9; n += 1) versions.push(await bucket.put('f05.json', json({ title: `${n}` })));
    await bucket.listing();
    const files = await filesOf(bucket.tenantId);
    expect(files.map(({ name }) => name).sort()).toEqual([
      ...names.slice(0, 5),
      ...versions.map(() => 'f05.json'),
      ...names.slice(6),
    ]);
    const ofOne = files.filter(({ name }) => name === 'f05.json').map(({ versionId }) => versionId);
    expect(ofOne).toEqual(versions);
    await bucket.listing();
    expect(await filesOf(bucket.tenantId)).toHaveLength(files.length);
  });
});
