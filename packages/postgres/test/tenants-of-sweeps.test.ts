import { randomUUID } from 'node:crypto';
import {
  type DigestSender,
  type LinkRecordsDeps,
  sweepAlerts,
  sweepDeliveries,
  sweepForgottenLinks,
  sweepLinks,
  sweepOldAlerts,
  sweepOldEvents,
  sweepReconciliations,
} from '@callbay/ingestion';
import {
  createTestDatabase,
  makeTenant,
  type TestClock,
  type TestDatabase,
  testClock,
} from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createBulkReplayStore, createExternalRecordingStore, createPipelineStores } from '../src/index.ts';

const DAY_MS = 86_400_000;
const START = '2026-03-02T12:00:00Z';
const BY = { name: 'tests', remoteAddress: null };
const MAIL = { emails: ['ops@acme.test'], webhookUrl: null, digestEveryMinutes: 30 };
const METADATA = { source: 'zoom', fields: { startedAt: START } };

let database: TestDatabase;
let clock: TestClock;
let stores: ReturnType<typeof createPipelineStores>;
/** The tenant whose rows make statements fail is between two others in the order of ids. */
let [first, broken, last]: string[] = [];
let errors: { tenantId?: string }[] = [];

const log = { warn: () => {}, error: (detail: object) => void errors.push(detail) };

beforeAll(async () => {
  database = await createTestDatabase();
  clock = await testClock(database.db);
  const sealer = { seal: (text: string) => text, unseal: (sealed: string) => sealed };
  stores = createPipelineStores(database.db, { sealer, tombstoneKey: new Uint8Array(32) });
  await database.db.execute(`
    CREATE FUNCTION fail_for_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF coalesce(NEW.tenant_id, OLD.tenant_id) = TG_ARGV[0] THEN
        RAISE EXCEPTION 'a row of % fails', TG_ARGV[0];
      END IF;
      RETURN coalesce(NEW, OLD);
    END $$`);
});

beforeEach(async () => {
  const { db } = database;
  await clock.set(START);
  for (const table of ['tenants', 'outbox']) await db.execute(`DELETE FROM ${table}`);
  errors = [];
  [first, broken, last] = [
    await makeTenant(db, { id: 'a' }),
    await makeTenant(db, { id: 'b' }),
    await makeTenant(db, { id: 'c' }),
  ];
});

afterAll(() => database.drop());

const tenants = (): string[] => [first!, broken!, last!];

/** What `work` does while no row of the broken tenant can be written in the table. */
async function withFailing(table: string, event: string, work: () => Promise<unknown>): Promise<void> {
  const { db } = database;
  await db.execute(
    `CREATE TRIGGER fails BEFORE ${event} ON ${table} FOR EACH ROW EXECUTE FUNCTION fail_for_tenant('${broken}')`,
  );
  try {
    await work();
  } finally {
    await db.execute(`DROP TRIGGER fails ON ${table}`);
  }
}

/** Exactly the broken tenant failed, and the log says so. */
function expectOnlyBroken(): void {
  expect(new Set(errors.map(({ tenantId }) => tenantId))).toEqual(new Set([broken]));
}

let seq = 0;

async function makeFile(tenantId: string, columns: Record<string, unknown> = {}): Promise<string> {
  const id = randomUUID();
  seq += 1;
  const row = {
    tenant_id: tenantId,
    id,
    drop: 'sftp',
    name: `f${seq}.wav`,
    shown_name: `f${seq}.wav`,
    stem: `f${seq}`,
    ext: 'wav',
    size_bytes: 1,
    blob_key: `${tenantId}/${id}`,
    sent_by: 'tests',
    received_at: START,
    modified_at: START,
    classified_at: START,
    receive_seq: seq,
    kind: 'recording',
    state: 'held',
    outcome_code: 'NO_METADATA',
    call_key: `stem:f${seq}`,
    ...columns,
  };
  const names = Object.keys(row);
  await database.db.execute(
    `INSERT INTO files (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${names.map((_, n) => `$${n + 1}`).join(', ')})`,
    Object.values(row),
  );
  return id;
}

const idsOf = async (statement: string): Promise<string[]> =>
  (
    await database.db.query<{ tenant_id: string }>(`SELECT DISTINCT tenant_id FROM ${statement} ORDER BY 1`)
  ).map(({ tenant_id }) => tenant_id);

/** A batch with one row that waits for its recording. */
async function makeBatchRow(tenantId: string): Promise<string> {
  const fileId = await makeFile(tenantId, { kind: 'batch', state: 'done', outcome_code: 'BATCH_READ' });
  await database.db.execute(
    `INSERT INTO call_records (tenant_id, file_id, row, line, stem, raw, is_batch_row, state, outcome_code)
     VALUES ($1, $2, 1, 2, 's', '{}', TRUE, 'held', 'NO_RECORDING')`,
    [tenantId, fileId],
  );
  return fileId;
}

test('a row of a batch that is replayed between being found and being ended is not ended', async () => {
  const fileId = await makeBatchRow(first!);
  await clock.advance(7 * DAY_MS);
  const [found] = await stores.batches.findExpiredRows(10, []);
  await database.db.execute(
    `UPDATE call_records SET state = 'rejected', outcome_code = 'METADATA_INVALID', judged_policy = 1 WHERE file_id = $1`,
    [fileId],
  );
  expect(await createBulkReplayStore(database.db).replayRows(first!, [{ fileId, row: 1 }], BY)).toBe(1);
  await stores.batches.expireRows(found!);
  expect(await idsOf(`call_records WHERE outcome_code = 'PURGED_UNPAIRED'`)).toEqual([]);
});

test.each([
  ['what was read before its first recording', 'linkage_records', 'INSERT'],
  ['the fields of what came', 'linkage_records', 'UPDATE'],
  ['the fields of recordings that rest elsewhere', 'external_recordings', 'UPDATE'],
])('%s is read for all tenants but the one that fails', async (_, table, event) => {
  const isNoted = event === 'UPDATE';
  for (const tenantId of tenants()) {
    const fileId = await makeFile(tenantId, { kind: 'sidecar', ext: 'json', outcome_code: 'NO_RECORDING' });
    await database.db.execute(
      `INSERT INTO call_records (tenant_id, file_id, row, line, stem, raw) VALUES ($1, $2, 0, 0, 's', '{}')`,
      [tenantId, fileId],
    );
    if (isNoted) {
      await database.db.execute(
        `INSERT INTO linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches) VALUES ($1, $2, 0, callbay_now(), '{}')`,
        [tenantId, fileId],
      );
    }
    await createExternalRecordingStore(database.db).register(tenantId, [{ id: 'r', ...METADATA }], BY);
    await database.db.execute(
      'UPDATE external_recordings SET policy_version = NULL, due_at = callbay_now() WHERE tenant_id = $1',
      [tenantId],
    );
  }
  await withFailing(table!, event!, () => sweepLinks({ ...stores, log } as unknown as LinkRecordsDeps));
  expectOnlyBroken();
  expect(await idsOf(`${table} WHERE policy_version IS NOT NULL`)).toEqual([first, last]);
});

const poisonSettings = (path: string, value: string) =>
  database.db.execute('UPDATE tenants SET settings = jsonb_set(settings, $2::text[], $3) WHERE id = $1', [
    broken,
    path,
    value,
  ]);

test('alerts of all tenants but the one whose facts cannot be read are opened', async () => {
  await poisonSettings('{feedExpectedEveryMinutes}', '"often"');
  await clock.advance(DAY_MS);
  await sweepAlerts({ ...stores, log });
  expect(errors).toMatchObject([{ tenantId: broken }]);
  expect(await idsOf('alerts WHERE is_open')).toEqual([first, last]);
});

test('a tenant that sends nothing is judged when its feed is late, then not until something comes', async () => {
  await database.db.execute(`UPDATE tenants SET stage = 'setup' WHERE id = $1`, [broken]);
  expect(await sweepAlerts({ ...stores, log })).toBe(0);
  await clock.advance(DAY_MS);
  expect(await sweepAlerts({ ...stores, log })).toBe(2);
  expect(await sweepAlerts({ ...stores, log })).toBe(0);
  await makeFile(first!, { received_at: new Date(Date.parse(START) + DAY_MS) });
  expect(await sweepAlerts({ ...stores, log })).toBe(1);
  expect(await idsOf('alerts WHERE is_open')).toEqual([last]);
});

test('a day of all tenants but the one whose time zone is unknown is reconciled', async () => {
  await database.db.execute(
    `UPDATE tenants SET created_at = callbay_now(), time_zone = 'Mars/Olympus' WHERE id = $1`,
    [broken],
  );
  await clock.advance(2 * DAY_MS);
  await sweepReconciliations({ ...stores, log });
  expect(errors).toMatchObject([{ tenantId: broken }]);
  expect(await idsOf('daily_reconciliations')).toEqual([first, last]);
});

async function makeAlerts(): Promise<void> {
  for (const tenantId of tenants()) {
    await database.db.execute(
      `UPDATE tenants SET settings = jsonb_set(settings, '{alerts}', $2) WHERE id = $1`,
      [tenantId, JSON.stringify(MAIL)],
    );
  }
  await clock.advance(DAY_MS);
  await sweepAlerts({ ...stores, log });
}

const sender: DigestSender = { sendMail: async () => null, sendWebhook: async () => null };

test('digests of all tenants but the one whose settings cannot be read are sent', async () => {
  await makeAlerts();
  await poisonSettings('{alerts,emails}', '"ops@acme.test"');
  await sweepDeliveries({ ...stores, sender, log });
  expect(errors).toMatchObject([{ tenantId: broken }]);
  expect(await idsOf(`alert_deliveries WHERE state = 'delivered'`)).toEqual([first, last]);
});

test('a delivery that cannot be saved is logged with its tenant, and the others are saved', async () => {
  await makeAlerts();
  const { db } = database;
  await db.execute(
    `CREATE TRIGGER fails BEFORE UPDATE ON alert_deliveries FOR EACH ROW WHEN (NEW.state = 'delivered')
       EXECUTE FUNCTION fail_for_tenant('${broken}')`,
  );
  try {
    await sweepDeliveries({ ...stores, sender, log });
  } finally {
    await db.execute('DROP TRIGGER fails ON alert_deliveries');
  }
  expect(errors).toMatchObject([{ tenantId: broken, deliveryId: expect.any(String) }]);
  expect(await idsOf(`alert_deliveries WHERE state = 'delivered'`)).toEqual([first, last]);
});

test('deliveries of all tenants but the one whose deliveries cannot be taken are sent', async () => {
  await makeAlerts();
  await withFailing('alert_deliveries', 'UPDATE', () => sweepDeliveries({ ...stores, sender, log }));
  expectOnlyBroken();
  expect(await idsOf(`alert_deliveries WHERE state = 'delivered'`)).toEqual([first, last]);
});

test('old alerts of all tenants but the one whose alerts cannot be removed go', async () => {
  await makeAlerts();
  await database.db.execute('UPDATE alerts SET is_open = NULL, resolved_at = callbay_now()');
  await clock.advance(91 * DAY_MS);
  await withFailing('alerts', 'DELETE', () => sweepOldAlerts({ ...stores, log }, 100));
  expectOnlyBroken();
  expect(await idsOf('alerts')).toEqual([broken]);
});

test('old events of all tenants but the one whose events cannot be removed go', async () => {
  await makeAlerts();
  await database.db.execute('DELETE FROM event_cursors');
  await clock.advance(91 * DAY_MS);
  expect(await idsOf('outbox')).toEqual(tenants());
  await withFailing('outbox', 'DELETE', () => sweepOldEvents({ ...stores, log }, 100));
  expectOnlyBroken();
  expect(await idsOf('outbox')).toEqual([broken]);
});

test('forgotten recordings of all tenants but the one whose recordings cannot be marked are found', async () => {
  for (const tenantId of tenants()) {
    await createExternalRecordingStore(database.db).register(tenantId, [{ id: 'r', ...METADATA }], BY);
  }
  await database.db.execute('UPDATE external_recordings SET policy_version = 0, due_at = NULL');
  await withFailing('external_recordings', 'UPDATE', () =>
    sweepForgottenLinks({ ...stores, log } as unknown as LinkRecordsDeps),
  );
  expectOnlyBroken();
  expect(await idsOf('external_recordings WHERE due_at IS NOT NULL')).toEqual([first, last]);
});
