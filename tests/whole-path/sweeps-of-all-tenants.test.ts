import { readAlone, sweepDeliveries, sweepExpiredRows, sweepPurges } from '@callbay/ingestion';
import { createDeliveryStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

/* What one tenant's rows make fail must keep no other tenant waiting, and the log says whose they were. */

const DAY_MS = 24 * 60 * 60 * 1000;
const IN_STEP = { hostMs: 0, wallElapsedMs: 0, monotonicElapsedMs: 0 };
const BATCH =
  'datetime,email,direction,filename\n2026-03-02T10:00:00Z,x,inbound,a.wav\n2026-03-02T10:00:00Z,x,inbound,b.wav\n';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay({ isIdle: true });
});
afterAll(() => callbay[Symbol.asyncDispose]());

type Told = Record<string, unknown>;

/** The product's parts with a log that remembers its errors. */
const listening = () => {
  const errors: Told[] = [];
  const log = { ...callbay.deps.log, error: (told: Told) => void errors.push(told) };
  return { deps: { ...callbay.deps, log }, errors };
};

/** From now on every such change of the tenant's rows fails. */
async function poison(
  table: string,
  event: 'INSERT' | 'UPDATE',
  tenantId: string,
  which = 'TRUE',
): Promise<AsyncDisposable> {
  const { db } = callbay;
  const row = event === 'INSERT' ? 'NEW' : 'OLD';
  await db.execute(
    `CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN IF ${which} THEN RAISE EXCEPTION 'poisoned'; END IF; RETURN NEW; END $$`,
  );
  await db.execute(
    `CREATE TRIGGER poison BEFORE ${event} ON ${table} FOR EACH ROW WHEN (${row}.tenant_id = '${tenantId}') EXECUTE FUNCTION poison()`,
  );
  return {
    [Symbol.asyncDispose]: async () => {
      await db.execute(`DROP TRIGGER poison ON ${table}`);
      await db.execute('DROP FUNCTION poison()');
    },
  };
}

async function countOf(sql: string, tenantId: string): Promise<number> {
  const [row] = await callbay.db.query<{ count: number }>(sql, [tenantId]);
  return row!.count;
}

const purgedOf = (tenantId: string) =>
  countOf('SELECT count(*) AS count FROM files WHERE tenant_id = $1 AND purged_at IS NOT NULL', tenantId);

test('a tenant whose files cannot be purged, or warned of, keeps no other from its purge', async () => {
  await using first = await callbay.openTenant();
  await using second = await callbay.openTenant();
  for (const { client } of [first, second]) await client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await callbay.db.execute(
    `UPDATE files SET classified_at = callbay_now(), state = 'held', outcome_code = 'NO_METADATA' WHERE tenant_id = ANY($1)`,
    [[first.tenantId, second.tenantId]],
  );
  const { deps, errors } = listening();
  await using _poisoned = await poison('files', 'UPDATE', first.tenantId);
  await callbay.clock.advance(8 * DAY_MS);
  const hostMs = (await deps.sweeps.readClock()).getTime();
  expect(await sweepPurges(deps, { ...IN_STEP, hostMs })).toBe(1);
  expect([await purgedOf(first.tenantId), await purgedOf(second.tenantId)]).toEqual([0, 1]);
  expect(errors.map(({ tenantId }) => tenantId)).toEqual([first.tenantId, first.tenantId]);
  await callbay.clock.release();
});

test('a tenant whose rows cannot be ended keeps no other from the end of its own', async () => {
  await using first = await callbay.openTenant();
  await using second = await callbay.openTenant();
  const { deps, errors } = listening();
  for (const { client, tenantId } of [first, second]) {
    await client.put('day.csv', BATCH);
    const [file] = await callbay.db.query<{ id: string }>('SELECT id FROM files WHERE tenant_id = $1', [
      tenantId,
    ]);
    await readAlone(deps, { tenantId, fileId: file!.id });
  }
  await using _poisoned = await poison('call_records', 'UPDATE', first.tenantId);
  await callbay.clock.advance(8 * DAY_MS);
  expect(await sweepExpiredRows(deps)).toBe(1);
  const ended = (tenantId: string) =>
    countOf(
      `SELECT count(*) AS count FROM call_records WHERE tenant_id = $1 AND outcome_code = 'PURGED_UNPAIRED'`,
      tenantId,
    );
  expect([await ended(first.tenantId), await ended(second.tenantId)]).toEqual([0, 2]);
  expect(errors.map(({ tenantId }) => tenantId)).toEqual([first.tenantId]);
  await callbay.clock.release();
});

test('a tenant whose digest cannot be made keeps no other from hearing of its alerts', async () => {
  await using first = await callbay.openTenant();
  await using second = await callbay.openTenant();
  const { db } = callbay;
  for (const { tenantId } of [first, second]) {
    await db.execute(
      `UPDATE tenants SET settings = jsonb_set(settings, '{alerts,emails}', '["ops@acme.test"]') WHERE id = $1`,
      [tenantId],
    );
    await db.execute(
      `INSERT INTO alerts (tenant_id, id, kind, subject, message, fix, count, examples, opened_at, updated_at)
       VALUES ($1, gen_random_uuid(), 'DISK_LOW', 'disk', '', '', 1, '[]', callbay_now(), callbay_now())`,
      [tenantId],
    );
  }
  const sealer = { seal: (secret: string) => secret, unseal: (sealed: string) => sealed };
  const { deps, errors } = listening();
  const sent: string[] = [];
  const sender = {
    sendMail: async (_target: string, { tenantId }: { tenantId: string }) => {
      sent.push(tenantId);
      return null;
    },
    sendWebhook: async () => null,
  };
  await using _poisoned = await poison('alert_digests', 'INSERT', first.tenantId);
  await sweepDeliveries({ deliveries: createDeliveryStore(db, sealer), sender, log: deps.log });
  expect(sent).toEqual([second.tenantId]);
  expect(errors.map(({ tenantId }) => tenantId)).toEqual([first.tenantId]);
});

test('a file that cannot be purged keeps no later one of its tenant from its purge', async () => {
  await using tenant = await callbay.openTenant();
  const { db } = callbay;
  for (const name of ['a.wav', 'b.wav', 'c.wav'])
    await tenant.client.put(name, makeWav({ seconds: 1, seed: 1 }));
  await db.execute(
    `UPDATE files SET classified_at = callbay_now(), state = 'held', outcome_code = 'NO_METADATA', purge_warned_at = callbay_now()
      WHERE tenant_id = $1`,
    [tenant.tenantId],
  );
  const { deps, errors } = listening();
  await using _poisoned = await poison('files', 'UPDATE', tenant.tenantId, `NEW.name = 'a.wav'`);
  await callbay.clock.advance(8 * DAY_MS);
  const hostMs = (await deps.sweeps.readClock()).getTime();
  await sweepPurges(deps, { ...IN_STEP, hostMs });
  expect(await purgedOf(tenant.tenantId)).toBe(2);
  expect(errors.map(({ tenantId }) => tenantId)).toEqual([tenant.tenantId]);
  await callbay.clock.release();
});
