import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type CrmType, canonicalStem, DEFAULT_SETTINGS, decideCalls } from '@callbay/core';
import {
  advanceCalls,
  type CrmImport,
  type CrmReadReport,
  createImportSlots,
  type ImportCrmDeps,
  importCrm,
  type RowReading,
} from '@callbay/ingestion';
import {
  createTestDatabase,
  makeTenant,
  type TestClock,
  type TestDatabase,
  testClock,
  until,
} from '@callbay/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdCrmLine } from '../src/crm/crm-barrier.ts';
import {
  createCallStore,
  createCrmStore,
  createDropView,
  createFileReceiver,
  createFileStore,
  createTombstones,
  transact,
} from '../src/index.ts';

const WORKERS = 50;

let database: TestDatabase;
let clock: TestClock;
beforeAll(async () => {
  database = await createTestDatabase({ max: WORKERS });
  clock = await testClock(database.db);
});
afterAll(() => database.drop());

interface Sent {
  readonly fileId: string;
  readonly name: string;
  /** Of a CRM file: its type, and what it says of its one object. */
  readonly type?: CrmType;
  readonly value?: string;
}

async function arrive(tenantId: string, name: string, more: Partial<Sent> = {}): Promise<Sent> {
  const fileId = randomUUID();
  const blobKey = `${tenantId}/${fileId}`;
  await createFileReceiver(database.db).receiveFile(tenantId, {
    fileId,
    drop: 'sftp',
    name,
    sizeBytes: 1,
    modifiedAt: new Date(),
    blobKey,
    sentBy: 'u',
  });
  return { fileId, name, ...more };
}

/** Reads a file as `readAlone` would. */
async function classify(tenantId: string, file: Sent): Promise<void> {
  const keys =
    file.type === undefined
      ? await createFileStore(database.db).saveFacts(tenantId, file.fileId, factsOf(file))
      : await createCrmStore(database.db).saveCrmFile(tenantId, file.fileId, {
          type: file.type,
          sha256: '',
          warnings: [],
        });
  await createCallStore(database.db, createTombstones(new Uint8Array(32))).advance(
    tenantId,
    keys,
    decideCalls,
  );
}

function factsOf({ name, fileId }: Sent): Parameters<ReturnType<typeof createFileStore>['saveFacts']>[2] {
  const { stem, ext } = canonicalStem(name);
  const base = { stem, sha256: fileId, issues: [], warnings: [] };
  if (ext === 'wav') {
    const media = {
      contentType: 'audio/wav',
      durationSeconds: 3,
      channels: 2,
      codec: 'pcm',
      isTruncated: false,
    };
    return { ...base, kind: 'recording', media, records: [] };
  }
  const fields = { datetime: '2026-03-02T10:00:00Z', email: 'a@b.c', direction: 'inbound', contactId: '1' };
  const raw = { fields, nestedPaths: [], at: '' };
  return {
    ...base,
    kind: 'sidecar',
    media: null,
    records: [{ row: 0, raw, namedStem: null, issues: [], warnings: [] }],
  };
}

/** What a child process would give of a file with one row. */
function readingOf(tenantId: string, next: CrmImport, value: string): RowReading<CrmReadReport> {
  const json = JSON.stringify({ value });
  const line =
    next.firstAt === null
      ? `2\t1\t${json}\t\\N\n`
      : `${tenantId}\t${next.type}\t1\t${json}\t\\N\t${next.fileId}\t${next.firstAt.toISOString()}\n`;
  const report: CrmReadReport = {
    encoding: 'utf-8',
    delimiter: ',',
    columns: ['Id', 'value'],
    mayRepeatIds: false,
    rows: 1,
    written: 1,
    errors: [],
    errorCounts: {},
    warnings: [],
    issues: [],
    peakMb: 1,
  };
  return {
    rows: Readable.from([line]),
    report: Promise.resolve(report),
    [Symbol.asyncDispose]: async () => {},
  };
}

const deps = (): ImportCrmDeps => ({
  calls: createCallStore(database.db, createTombstones(new Uint8Array(32))),
  crm: createCrmStore(database.db),
  blobs: null as never,
  queue: { enqueueCrmImport: async () => {} },
  importSlots: createImportSlots({ total: 100 }),
  log: { warn: () => {}, error: () => {} },
  metrics: { surfaced: () => {}, updated: () => {} },
});

/** One `crm.import` job, as `importCrm` does it. */
async function importNext(tenantId: string, type: CrmType, files: readonly Sent[]): Promise<void> {
  const { crm, calls, metrics } = deps();
  const next = await crm.findNext(tenantId, type);
  if (next !== null) {
    if (next.isWithdrawn) await importCrm(deps(), { tenantId, type });
    else {
      const file = files.find(({ fileId }) => fileId === next.fileId);
      if ((await crm.apply(tenantId, next, readingOf(tenantId, next, file?.value ?? ''))) === null) return;
    }
  }
  if (!(await crm.hasEnded(tenantId, type))) return;
  for (let after = ''; ; ) {
    const callKeys = await crm.wakeCalls(tenantId, { after, limit: 2 });
    await advanceCalls({ calls, metrics }, { tenantId, callKeys });
    if (callKeys.length < 2) break;
    after = callKeys.at(-1) ?? '';
  }
  await crm.settle(tenantId, type);
}

const callsOf = (tenantId: string) =>
  database.db.query<{
    key: string;
    status: string;
    hold: { waitingFor: string; until: string } | null;
    surfaced: Date | null;
  }>(
    `SELECT call_key AS key, status, hold, surfaced_at AS surfaced FROM calls
      WHERE tenant_id = $1 AND status <> 'empty' ORDER BY call_key`,
    [tenantId],
  );

const anyFile = fc.oneof(
  fc.constantFrom('a', 'b', 'c').map((stem) => ({ name: `${stem}.wav` })),
  fc.constantFrom('a', 'b', 'c').map((stem) => ({ name: `${stem}.json` })),
  fc.constantFrom<CrmType>('contacts', 'accounts').map((type) => ({ name: `${type}.csv`, type })),
);

/** More with PROPERTY_RUNS=2000, for a night. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 40);

test('case 79, 85: whatever the schedule of 50 workers, CRM files end before calls, in receive order, and every call is let go', async () => {
  await clock.release();
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyFile, { minLength: 3, maxLength: 14 }),
      fc.infiniteStream(fc.nat()),
      async (given, chance) => {
        const pick = (below: number): number => (chance.next().value as number) % below;
        const tenantId = await makeTenant(database.db);
        const sent: Sent[] = [];
        for (const [nth, file] of given.entries())
          sent.push(await arrive(tenantId, file.name, { ...file, value: `v${nth}` }));
        const types = [...new Set(sent.flatMap(({ type }) => type ?? []))];
        const jobs: (() => Promise<void>)[] = sent.flatMap((file) => {
          const again = Array.from({ length: 1 + pick(2) }, () => () => classify(tenantId, file));
          const imports = types
            .filter(() => pick(2) === 0)
            .map((type) => () => importNext(tenantId, type, sent));
          return [...again, ...imports];
        });
        for (let i = jobs.length - 1; i > 0; i -= 1) {
          const j = pick(i + 1);
          [jobs[i], jobs[j]] = [jobs[j]!, jobs[i]!];
        }
        await Promise.all(
          Array.from({ length: WORKERS }, async () => {
            for (let job = jobs.pop(); job; job = jobs.pop()) await job();
          }),
        );
        // What the sweep of imports would do; calls are not swept: nothing but a finished import may be needed.
        const { crm } = deps();
        for (
          let left = await crm.findUnsettled(100);
          left.some((of) => of.tenantId === tenantId);
          left = await crm.findUnsettled(100)
        )
          for (const of of left) await importNext(of.tenantId, of.type, sent);

        const imports = await database.db.query<{ type: CrmType; finished: Date; state: string }>(
          'SELECT type, state, finished_at AS finished FROM crm_imports WHERE tenant_id = $1 ORDER BY place',
          [tenantId],
        );
        expect(imports.every(({ state }) => state === 'done')).toBe(true);
        for (const type of types) {
          const times = imports.filter((one) => one.type === type).map(({ finished }) => finished.getTime());
          expect(times).toEqual([...times].sort((a, b) => a - b));
          const [object] = await database.db.query<{ fields: { value: string } }>(
            'SELECT fields FROM crm_objects WHERE tenant_id = $1 AND type = $2',
            [tenantId, type],
          );
          expect(object?.fields.value).toBe(sent.findLast((file) => file.type === type)?.value);
        }
        const lastImport = Math.max(0, ...imports.map(({ finished }) => finished.getTime()));
        const calls = await callsOf(tenantId);
        for (const call of calls) {
          expect(call.hold?.waitingFor).not.toBe('crm');
          if (call.status === 'surfaced') expect(call.surfaced!.getTime()).toBeGreaterThanOrEqual(lastImport);
        }
        const stemsWith = (ext: string) =>
          new Set(sent.filter(({ name }) => name.endsWith(ext)).map(({ name }) => name[0]));
        const complete = [...stemsWith('.wav')].filter((stem) => stemsWith('.json').has(stem));
        expect(calls.filter(({ status }) => status === 'surfaced')).toHaveLength(complete.length);
      },
    ),
    { numRuns: RUNS },
  );
}, 600_000);

async function completeCall(tenantId: string, stem: string): Promise<void> {
  for (const ext of ['json', 'wav']) await classify(tenantId, await arrive(tenantId, `${stem}.${ext}`));
}

test('case 82: a stream of CRM files without end holds metadata for the bounded time, to the millisecond', async () => {
  await clock.set('2026-03-02T10:05:00Z');
  const tenantId = await makeTenant(database.db, { settings: { crmWaitSeconds: 600 } });
  await completeCall(tenantId, 'before');
  await classify(tenantId, await arrive(tenantId, 'contacts.csv', { type: 'contacts' }));
  await completeCall(tenantId, 'a');
  const held = (await callsOf(tenantId))[0];
  expect(held).toMatchObject({ key: 'stem:a', status: 'ready' });
  expect(held?.hold).toMatchObject({ waitingFor: 'crm', until: '2026-03-02T10:15:00.000Z' });
  const calls = createCallStore(database.db, createTombstones(new Uint8Array(32)));
  for (const [ms, status] of [
    [599_999, 'ready'],
    [600_000, 'surfaced'],
  ] as const) {
    await clock.set(new Date(Date.parse('2026-03-02T10:05:00Z') + ms));
    await classify(tenantId, await arrive(tenantId, `contacts${ms}.csv`, { type: 'contacts' }));
    const due = (await calls.findDue(500)).filter((of) => of.tenantId === tenantId);
    expect(due.flatMap(({ callKeys }) => callKeys)).toEqual(ms < 600_000 ? [] : ['stem:a']);
    await calls.advance(tenantId, ['stem:a'], decideCalls);
    expect((await callsOf(tenantId)).map((call) => call.status)).toEqual([status, 'surfaced']);
  }
});

test('case 83: another tenant’s CRM files hold nobody up, and media never waits for CRM files', async () => {
  await clock.release();
  const [busy, other] = [await makeTenant(database.db), await makeTenant(database.db)];
  await classify(busy, await arrive(busy, 'contacts.csv', { type: 'contacts' }));
  await completeCall(other, 'a');
  expect(await callsOf(other)).toMatchObject([{ status: 'surfaced' }]);
  await classify(busy, await arrive(busy, 'b.wav'));
  const [media] = await database.db.query(
    `SELECT outcome_code FROM files WHERE tenant_id = $1 AND name = 'b.wav' AND media IS NOT NULL`,
    [busy],
  );
  expect(media).toEqual({ outcome_code: 'NO_METADATA' });
});

test('case 79: a CRM file that nobody has read counts by its name, even one that came after the call', async () => {
  const tenantId = await makeTenant(database.db);
  const [metadata, media] = [await arrive(tenantId, 'a.json'), await arrive(tenantId, 'a.wav')];
  const contacts = await arrive(tenantId, 'contacts.csv', { type: 'contacts', value: 'x' });
  await classify(tenantId, metadata);
  await classify(tenantId, media);
  expect(await callsOf(tenantId)).toMatchObject([{ status: 'ready', hold: { waitingFor: 'crm' } }]);
  await classify(tenantId, contacts);
  await importNext(tenantId, 'contacts', [contacts]);
  expect(await callsOf(tenantId)).toMatchObject([{ status: 'surfaced' }]);
});

test('case 81: a CRM file that the customer removes ends, and lets the calls go', async () => {
  const tenantId = await makeTenant(database.db);
  const contacts = await arrive(tenantId, 'contacts.csv', { type: 'contacts' });
  await classify(tenantId, contacts);
  await completeCall(tenantId, 'a');
  expect(await createDropView(database.db).withdrawFile(tenantId, contacts.fileId)).toBe(true);
  await importCrm(deps(), { tenantId, type: 'contacts' });
  expect(await callsOf(tenantId)).toMatchObject([{ status: 'surfaced' }]);
  const [file] = await database.db.query('SELECT state, outcome_code FROM files WHERE id = $1', [
    contacts.fileId,
  ]);
  expect(file).toEqual({ state: 'withdrawn', outcome_code: 'WITHDRAWN' });
});

test('a process that dies between an import and its waking of calls: the sweep finds it', async () => {
  const tenantId = await makeTenant(database.db);
  const contacts = await arrive(tenantId, 'contacts.csv', { type: 'contacts' });
  await classify(tenantId, contacts);
  await completeCall(tenantId, 'a');
  const { crm } = deps();
  const next = await crm.findNext(tenantId, 'contacts');
  expect(await crm.apply(tenantId, next!, readingOf(tenantId, next!, 'x'))).toBe('done');
  expect(await callsOf(tenantId)).toMatchObject([{ status: 'ready' }]);
  expect(await crm.findUnsettled(500)).toContainEqual({ tenantId, type: 'contacts' });
  await importCrm(deps(), { tenantId, type: 'contacts' });
  expect(await callsOf(tenantId)).toMatchObject([{ status: 'surfaced' }]);
  expect(await crm.findUnsettled(500)).not.toContainEqual({ tenantId, type: 'contacts' });
});

test('case 85: a file that fails for good lets the next go; a child that dies changes nothing', async () => {
  const tenantId = await makeTenant(database.db);
  const first = await arrive(tenantId, 'contacts1.csv', { type: 'contacts', value: 'one' });
  const second = await arrive(tenantId, 'contacts2.csv', { type: 'contacts', value: 'two' });
  const { crm } = deps();
  await classify(tenantId, second);
  // The first is not read yet, so the second is not its turn.
  expect(await crm.findNext(tenantId, 'contacts')).toBe(null);
  await classify(tenantId, first);
  const next = await crm.findNext(tenantId, 'contacts');
  expect(next?.fileId).toBe(first.fileId);
  const dead = { ...readingOf(tenantId, next!, 'one'), report: Promise.reject(new Error('the child died')) };
  dead.report.catch(() => {});
  await expect(crm.apply(tenantId, next!, dead)).rejects.toThrow('the child died');
  const count = async () =>
    (
      await database.db.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM crm_objects WHERE tenant_id = $1',
        [tenantId],
      )
    )[0]?.n;
  expect(await count()).toBe(0);
  const broken = {
    ...(await readingOf(tenantId, next!, 'one').report),
    issues: [{ code: 'SCHEMA_DRIFT', message: 'x', at: null }],
  };
  const reading = { ...readingOf(tenantId, next!, 'one'), report: Promise.resolve(broken) };
  expect(await crm.apply(tenantId, next!, reading)).toBe('rejected');
  await importNext(tenantId, 'contacts', [first, second]);
  expect(await count()).toBe(1);
});

test('an import cannot end unseen by a call that is just being held for it', async () => {
  const tenantId = await makeTenant(database.db);
  const contacts = await arrive(tenantId, 'contacts.csv', { type: 'contacts' });
  await classify(tenantId, contacts);
  const { crm } = deps();
  const next = await crm.findNext(tenantId, 'contacts');
  let hasEnded = false;
  const deciding = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const decision = transact(database.db, async (tx) => {
    expect(await holdCrmLine(tx, tenantId, DEFAULT_SETTINGS)).toBe(true);
    held.resolve();
    await deciding.promise;
  });
  await held.promise;
  const ending = crm.apply(tenantId, next!, readingOf(tenantId, next!, 'x')).then(() => (hasEnded = true));
  await until('the import waits for the decision', async () => {
    const rows = await database.db.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%crm_imports%'`,
    );
    return rows.length > 0;
  });
  expect(hasEnded).toBe(false);
  deciding.resolve();
  await Promise.all([decision, ending]);
  expect(hasEnded).toBe(true);
});
