import { rename } from 'node:fs/promises';
import { CallbayError } from '@callbay/core';
import { createReadSlots, type ReadWaitingDeps, readWaiting } from '@callbay/ingestion';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, json } from './support.ts';

const MINUTE = 60_000;
const BATCH =
  'filename,datetime,email,direction\nb,2026-03-02T10:00:00Z,a@b.c,inbound\nc,2026-03-02T10:00:00Z,a@b.c,inbound\n';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay({ isIdle: true });
});
afterAll(() => callbay[Symbol.asyncDispose]());

interface FileRow {
  readonly name: string;
  readonly attempts: number;
  readonly is_read: boolean;
  readonly reads_alone: boolean;
  readonly rests_ms: number | null;
}

const filesOf = ({ db }: RunningCallbay, { tenantId }: TestTenant): Promise<FileRow[]> =>
  db.query<FileRow>(
    `SELECT name, classify_attempts AS attempts, classified_at IS NOT NULL AS is_read, reads_alone,
            (extract(epoch FROM read_again_at - callbay_now()) * 1000)::int AS rests_ms
       FROM files WHERE tenant_id = $1 ORDER BY receive_seq`,
    [tenantId],
  );

async function loseBytes({ tenantId }: TestTenant, name: string): Promise<void> {
  const [file] = await callbay.db.query<{ blob_key: string }>(
    'SELECT blob_key FROM files WHERE tenant_id = $1 AND name = $2',
    [tenantId, name],
  );
  await using local = await callbay.blobs.openLocal(tenantId, file!.blob_key);
  await rename(local.path, `${local.path}.lost`);
}

/** The dependencies of another process, with what is replaced in it. */
const another = (replaced: Partial<ReadWaitingDeps> = {}): ReadWaitingDeps => ({
  ...callbay.deps,
  readSlots: createReadSlots({ total: 1 }),
  ...replaced,
});

test.each(['group', 'alone'] as const)(
  'a turn of the lane %s whose time is over stores nothing and blames no file',
  async (lane) => {
    await using tenant = await callbay.openTenant();
    await tenant.client.put(lane === 'alone' ? 'day.csv' : 'a.json', lane === 'alone' ? BATCH : json());
    const reason = new CallbayError('UNAVAILABLE', 'The job took too long.');
    const turn = { tenantId: tenant.tenantId, lane, signal: AbortSignal.abort(reason) };
    await expect(readWaiting(callbay.deps, turn)).rejects.toBe(reason);
    expect(await filesOf(callbay, tenant)).toMatchObject([{ attempts: 0, is_read: false }]);
    await readWaiting(callbay.deps, { tenantId: tenant.tenantId, lane });
    expect(await filesOf(callbay, tenant)).toMatchObject([{ attempts: 0, is_read: true }]);
  },
);

test('a file that the database never stores in time is read alone, then set aside, and holds up no other', async () => {
  await using own = await startCallbay({ isIdle: true });
  await using tenant = await own.openTenant();
  const { tenantId, client } = tenant;
  await own.db.execute(`
    CREATE FUNCTION run_out_of_time() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = '57014'; END $$`);
  await own.db.execute(`
    CREATE TRIGGER heavy BEFORE INSERT ON call_records FOR EACH ROW
      WHEN (new.raw ->> 'direction' = 'heavy') EXECUTE FUNCTION run_out_of_time()`);
  for (let n = 0; n < 9; n += 1) await client.put(`c${n}.json`, json());
  await client.put('heavy.json', json({ direction: 'heavy' }));
  await client.put('a.json', json());
  await client.put('a.wav', makeWav({ seconds: 1 }));
  for (const attempt of [1, 2]) {
    await expect(readWaiting(own.deps, { tenantId, lane: 'group', attempt })).rejects.toThrow(CallbayError);
  }
  await readWaiting(own.deps, { tenantId, lane: 'group', attempt: 3 });
  const unread = (await filesOf(own, tenant)).filter(({ is_read }) => !is_read);
  expect(unread).toMatchObject([{ name: 'heavy.json', attempts: 0, reads_alone: true }]);
  await expect(readWaiting(own.deps, { tenantId, lane: 'alone', attempt: 1 })).rejects.toThrow(CallbayError);
  for (let failure = 0; failure < 3; failure += 1) {
    await readWaiting(own.deps, { tenantId, lane: 'alone', attempt: 3 });
    await own.clock.advance(30_000);
  }
  await own.settle();
  expect((await codesOf(own, tenant)).slice(-3)).toEqual([
    'heavy.json UNREADABLE',
    'a.json SURFACED',
    'a.wav SURFACED',
  ]);
});

test('a process that dies once the facts of a file set aside are stored leaves its plan to read the file again', async () => {
  await using tenant = await callbay.openTenant();
  const { tenantId } = tenant;
  await tenant.client.put('day.csv', BATCH);
  await loseBytes(tenant, 'day.csv');
  const { calls } = callbay.deps;
  const dying = another({
    calls: {
      ...calls,
      saveFactsAndAdvance: async (...given) => {
        await calls.saveFactsAndAdvance(...given);
        throw new CallbayError('UNAVAILABLE', 'died');
      },
    },
  });
  for (const _ of [1, 2]) await readWaiting(dying, { tenantId, lane: 'alone' });
  await expect(readWaiting(dying, { tenantId, lane: 'alone' })).rejects.toThrow('died');
  expect(await codesOf(callbay, tenant)).toEqual(['day.csv BYTES_MISSING']);
  const [file] = await filesOf(callbay, tenant);
  expect(file?.rests_ms).toBeGreaterThan(14 * MINUTE);
});

test('calls that cannot be advanced just now are no failed reading of the file: the sweep advances them', async () => {
  await using tenant = await callbay.openTenant();
  const { tenantId, client } = tenant;
  await client.put('b.wav', makeWav({ seconds: 1, seed: 2 }));
  await client.put('day.csv', BATCH);
  await readWaiting(callbay.deps, { tenantId, lane: 'group' });
  const advance = async (): Promise<never> => {
    throw new Error('no call can be advanced');
  };
  await readWaiting(another({ calls: { ...callbay.deps.calls, advance } }), { tenantId, lane: 'alone' });
  expect(await filesOf(callbay, tenant)).toMatchObject([{ attempts: 0 }, { attempts: 0, is_read: true }]);
  await callbay.settle();
  expect((await codesOf(callbay, tenant))[0]).toBe('b.wav SURFACED');
});

/** What reading left, without ids and times. */
async function traceOf(tenant: TestTenant): Promise<unknown> {
  const { tenantId } = tenant;
  const ask = (sql: string) => callbay.db.query(sql, [tenantId]);
  return {
    files: await ask(
      `SELECT name, state, outcome_code, kind, stem, sha256, classify_attempts, rereads FROM files
        WHERE tenant_id = $1 ORDER BY receive_seq`,
    ),
    records: await ask(
      'SELECT stem, row, named_stem, raw, state FROM call_records WHERE tenant_id = $1 ORDER BY stem, row',
    ),
    steps: await ask(
      `SELECT f.name, s.step, count(*) FROM file_steps s JOIN files f ON f.tenant_id = s.tenant_id AND f.id = s.file_id
        WHERE s.tenant_id = $1 GROUP BY 1, 2 ORDER BY 1, 2`,
    ),
    calls: await ask('SELECT call_key, status, revision FROM calls WHERE tenant_id = $1 ORDER BY call_key'),
  };
}

test('two processes that read the same files at the same time leave what one leaves', async () => {
  await using one = await callbay.openTenant();
  await using two = await callbay.openTenant();
  const names = ['a.json', 'a.wav', 'b.wav', 'day.csv', 'contacts.csv', 'long.json'];
  for (const { client, tenantId } of [one, two]) {
    await client.put('a.json', json());
    await client.put('a.wav', makeWav({ seconds: 1 }));
    await client.put('b.wav', makeWav({ seconds: 1, seed: 2 }));
    await client.put('day.csv', BATCH);
    await client.put('contacts.csv', 'Id,Email\n1,a@acme.test\n');
    await client.put('long.json', json());
    await callbay.db.execute('UPDATE files SET reads_alone = TRUE WHERE tenant_id = $1', [tenantId]);
  }
  for (const _ of names) {
    await readWaiting(callbay.deps, { tenantId: one.tenantId, lane: 'alone' });
    const turn = { tenantId: two.tenantId, lane: 'alone' } as const;
    await Promise.all([readWaiting(another(), turn), readWaiting(another(), turn)]);
  }
  expect(await filesOf(callbay, two)).toMatchObject(
    names.map((name) => ({ name, attempts: 0, is_read: true })),
  );
  await callbay.startWorkers();
  await callbay.settle();
  expect(await traceOf(two)).toEqual(await traceOf(one));
});
