import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { canonicalStem, decideCalls, issue } from '@callbay/core';
import type { FileFacts } from '@callbay/ingestion';
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
import { createCallStore } from '../src/calls/call-store.ts';
import { createFileStore } from '../src/calls/file-store.ts';
import {
  createBatchStore,
  createDropView,
  createFileReceiver,
  createTenantStore,
  createTombstones,
  transact,
} from '../src/index.ts';

const tombstones = createTombstones(new Uint8Array(32));

let database: TestDatabase;
let clock: TestClock;
beforeAll(async () => {
  database = await createTestDatabase({ max: 12 });
  clock = await testClock(database.db);
});
afterAll(() => database.drop());

/** One file as a customer sends it: a name, its bytes' digest, and what reading it finds. */
interface Sent {
  readonly name: string;
  readonly digest: string;
  readonly minutes: number;
  readonly facts: Omit<FileFacts, 'stem' | 'sha256'>;
  /** Of a batch: the rows, each of which names a stem or none. */
  readonly rows?: readonly (readonly [stem: string | null, fields: Record<string, string>])[];
  /** It is removed so many arrivals later, before anybody reads it. */
  readonly removedAfter?: number | undefined;
}

/** Size of every file here. */
const SIZE_BYTES = 1;

/** Each `+` of a digest is a part that was appended to the bytes before it. */
const prefixesOf = (digest: string) =>
  [...digest].flatMap((character, at) =>
    character === '+' ? [{ sizeBytes: SIZE_BYTES, sha256: digest.slice(0, at) }] : [],
  );

const media = (name: string, digest: string, isTruncated = false): Omit<Sent, 'minutes'> => ({
  name,
  digest,
  facts: {
    kind: 'recording',
    media: {
      contentType: 'audio/wav',
      durationSeconds: 3,
      channels: 2,
      codec: 'pcm',
      isTruncated,
      prefixes: prefixesOf(digest),
    },
    issues: [],
    warnings: [],
    records: [],
  },
});

const sidecar = (name: string, fields: Record<string, string> | null, namedStem: string | null = null) => ({
  name,
  digest: JSON.stringify([fields, namedStem]),
  facts: {
    kind: 'sidecar' as const,
    media: null,
    issues: [],
    warnings: [],
    records: [
      {
        row: 0,
        raw: fields && {
          fields: namedStem === null ? fields : { ...fields, filename: `${namedStem}.wav` },
          nestedPaths: [],
          at: '',
        },
        namedStem: fields && namedStem,
        issues: fields ? [] : [issue('METADATA_INVALID', 'cut short')],
        warnings: [],
      },
    ],
  },
});

const batch = (name: string, rows: NonNullable<Sent['rows']>): Omit<Sent, 'minutes'> => ({
  name,
  digest: JSON.stringify(rows),
  facts: { kind: 'unknown', media: null, issues: [], warnings: [], records: [] },
  rows,
});

const fields = (email: string, extra: Record<string, string> = {}) => ({
  datetime: '2026-03-02T10:00:00Z',
  email,
  direction: 'inbound',
  ...extra,
});

const anyFile = fc.oneof(
  fc
    .record({
      stem: fc.constantFrom('a', 'b'),
      ext: fc.constantFrom('wav', 'mp3'),
      digest: fc.constantFrom('1', '1+', '1++', '2'),
      cut: fc.boolean(),
    })
    .map(({ stem, ext, digest, cut }) => media(`${stem}.${ext}`, `${ext}${digest}`, cut && digest === '2')),
  fc
    .record({
      stem: fc.constantFrom('a', 'b'),
      ext: fc.constantFrom('json', 'json', 'xml'),
      user: fc.constantFrom('x@y.z', 'p@q.r', ''),
      broken: fc.boolean(),
      names: fc.constantFrom(null, null, null, 'a', 'b'),
    })
    .map(({ stem, ext, user, broken, names }) =>
      sidecar(`${stem}.${ext}`, broken && user === '' ? null : fields(user), names === stem ? null : names),
    ),
  fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c', null), fc.constantFrom('x@y.z', 'p@q.r', '')), {
      minLength: 2,
      maxLength: 4,
    })
    .map((rows) =>
      batch(
        'day.csv',
        rows.map(([stem, user]) => [stem, fields(user, { filename: stem ?? '' })]),
      ),
    ),
);
const sequence = fc
  .array(
    fc
      .tuple(anyFile, fc.constantFrom(1, 30, 1_500), fc.constantFrom(undefined, undefined, undefined, 0, 2))
      .map(([file, minutes, removedAfter]): Sent => ({ ...file, minutes, removedAfter })),
    { minLength: 2, maxLength: 9 },
  )
  // A batch warns of an earlier one of its name only where that was read first.
  .map((sent) => sent.map((file, n) => (file.rows ? { ...file, name: `day${n}.csv` } : file)));

/** More with PROPERTY_RUNS=2000, for a night. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 60);
const START = Date.parse('2026-03-02T10:05:00Z');

interface Arrived extends Sent {
  readonly fileId: string;
}

async function arrive(tenantId: string, sent: readonly Sent[]): Promise<Arrived[]> {
  const receiver = createFileReceiver(database.db);
  const view = createDropView(database.db);
  const files: Arrived[] = [];
  let at = START;
  for (const file of sent) {
    at += file.minutes * 60_000;
    await clock.set(new Date(at));
    const fileId = randomUUID();
    const modifiedAt = new Date(at);
    const blobKey = `${tenantId}/${fileId}`;
    await receiver.receiveFile(tenantId, {
      fileId,
      drop: 'sftp',
      name: file.name,
      sizeBytes: SIZE_BYTES,
      modifiedAt,
      blobKey,
      sentBy: 'u',
    });
    files.push({ ...file, fileId });
    for (const [n, { removedAfter, fileId: removed }] of files.entries()) {
      if (removedAfter === files.length - 1 - n) await view.withdrawFile(tenantId, removed);
    }
  }
  return files;
}

/** Rows as lines of COPY, as the reading process writes them. */
const linesOf = (rows: NonNullable<Sent['rows']>): string =>
  rows
    .map(([stem, raw], n) => [n + 1, n + 2, stem ?? '\\N', JSON.stringify(raw), '[]', '', '[]'].join('\t'))
    .map((line) => `${line}\n`)
    .join('');

const saveRows = (tenantId: string, { name, digest, fileId, rows }: Arrived) =>
  createBatchStore(database.db).saveBatch(
    tenantId,
    fileId,
    { stem: canonicalStem(name).stem, sha256: digest, warnings: [], isNamedAsSidecar: false },
    {
      rows: Readable.from([linesOf(rows!)]),
      report: Promise.resolve({ rows: rows!.length, badRows: 0, warnings: [], issues: [] }),
      [Symbol.asyncDispose]: async () => {},
    },
  );

const SLICE = { chunks: 1, rows: 2, bytes: 1_000_000 };

async function workBatch(tenantId: string, file: Arrived): Promise<void> {
  const { fileId } = file;
  const batches = createBatchStore(database.db);
  const calls = createCallStore(database.db, tombstones);
  const end = await saveRows(tenantId, file);
  if (end.kind === 'saved') await calls.advance(tenantId, end.wakes, decideCalls);
  for (;;) {
    const slice = await batches.claimSlice(tenantId, fileId, SLICE);
    if (slice === null) return;
    for (const callKeys of slice.chunks) await calls.advance(tenantId, callKeys, decideCalls);
    await batches.finishSlice(tenantId, fileId, slice);
  }
}

async function work(tenantId: string, file: Arrived): Promise<void> {
  if (file.rows) return workBatch(tenantId, file);
  const { stem } = canonicalStem(file.name);
  const facts: FileFacts = { ...file.facts, stem, sha256: file.digest };
  const keys = await createFileStore(database.db).saveFacts(tenantId, file.fileId, facts);
  await createCallStore(database.db, tombstones).advance(tenantId, keys, decideCalls);
}

/** As a group of the pipeline is read: one transaction for the facts of all and for the calls they touch. */
async function workGroup(tenantId: string, group: readonly Arrived[]): Promise<void> {
  const calls = createCallStore(database.db, tombstones);
  const read = group.map(({ name, digest, facts, fileId }) => {
    const { stem } = canonicalStem(name);
    return { fileId, stem, facts: { ...facts, stem, sha256: digest } };
  });
  const { wakes } = await calls.saveFactsAndAdvance(tenantId, read, decideCalls);
  await calls.advance(tenantId, wakes, decideCalls);
}

/** What nobody was told of is due within five seconds. */
async function workDue(tenantId: string): Promise<void> {
  const calls = createCallStore(database.db, tombstones);
  await clock.advance(6_000);
  const due = (await calls.findDue(500)).filter((each) => each.tenantId === tenantId);
  for (const { callKeys } of due) await calls.advance(tenantId, callKeys, decideCalls);
}

async function goLive(tenantId: string): Promise<void> {
  const by = { name: 'tests', remoteAddress: null };
  await createTenantStore(database.db).goLive(tenantId, null, by);
  const due = await database.db.query<{ call_key: string }>(
    'SELECT call_key FROM calls WHERE tenant_id = $1 AND due_at <= callbay_now()',
    [tenantId],
  );
  const callKeys = due.map(({ call_key }) => call_key);
  await createCallStore(database.db, tombstones).advance(tenantId, callKeys, decideCalls);
}

/** What the outside can see, by the files' places in the sequence: ids, and times of work, are left out. */
async function outcomeOfAll(tenantId: string, files: readonly Arrived[]): Promise<unknown> {
  const place = (id: string | null): number => files.findIndex((f) => f.fileId === id);
  const rows = await database.db.query<{
    id: string;
    state: string;
    outcome_code: string;
    folder: string;
    warnings: unknown;
    call_key: string;
  }>('SELECT id, state, outcome_code, folder, warnings, call_key FROM files WHERE tenant_id = $1', [
    tenantId,
  ]);
  const calls = await database.db.query<{ call_key: string; recording_file_id: string | null }>(
    `SELECT call_key, status, revision, recording_file_id, fields, started_at, user_id, updates_until, warnings,
            hold - 'fileIds' AS hold, call_id IS NOT NULL AS has_id
       FROM calls WHERE tenant_id = $1 AND status <> 'empty' ORDER BY call_key`,
    [tenantId],
  );
  const revisions = await database.db.query<{ file_id: string }>(
    'SELECT call_key, revision, at, file_id, changed FROM call_revisions WHERE tenant_id = $1 ORDER BY call_key, revision',
    [tenantId],
  );
  const events = await database.db.query(
    `SELECT call_key, revision, type, payload FROM outbox
      WHERE tenant_id = $1 AND type <> 'file.rejected' ORDER BY call_key, seq`,
    [tenantId],
  );
  // Which files were rejected on the way depends on the order; how each stands in the end was told last.
  const untold = await database.db.query(
    `SELECT f.name, f.outcome_code FROM files f
      WHERE f.tenant_id = $1 AND f.state = 'rejected' AND f.outcome_code IS DISTINCT FROM
            (SELECT o.payload ->> 'code' FROM outbox o
              WHERE o.tenant_id = $1 AND o.call_key = 'file:' || f.id ORDER BY o.seq DESC LIMIT 1)`,
    [tenantId],
  );
  expect(untold).toEqual([]);
  const batchRows = await database.db.query<{ file_id: string }>(
    `SELECT file_id, row, state, outcome_code, outcome_message FROM call_records
      WHERE tenant_id = $1 AND is_batch_row ORDER BY row, file_id`,
    [tenantId],
  );
  return {
    rows: batchRows
      .map(({ file_id, ...row }) => ({ ...row, place: place(file_id) }))
      .sort((a, b) => a.place - b.place),
    files: rows.map(({ id, ...row }) => ({ ...row, place: place(id) })).sort((a, b) => a.place - b.place),
    calls: calls.map((call) => ({ ...call, recording_file_id: place(call.recording_file_id) })),
    revisions: revisions.map((revision) => ({ ...revision, file_id: place(revision.file_id) })),
    events,
  };
}

test('any order, repetition and concurrency of jobs gives the same files, calls, revisions and events', async () => {
  await fc.assert(
    fc.asyncProperty(sequence, fc.boolean(), fc.infiniteStream(fc.nat()), async (sent, isLive, chance) => {
      const pick = (below: number): number => (chance.next().value as number) % below;
      const stage = isLive ? 'live' : 'verification';
      const inOrder = await makeTenant(database.db, { stage });
      const first = await arrive(inOrder, sent);
      for (const file of first) await work(inOrder, file);

      const shuffled = await makeTenant(database.db, { stage });
      const second = await arrive(shuffled, sent);
      const jobs = [...second, ...second.filter(() => pick(3) === 0)];
      for (let i = jobs.length - 1; i > 0; i--) {
        const j = pick(i + 1);
        [jobs[i], jobs[j]] = [jobs[j]!, jobs[i]!];
      }
      const workers = Array.from({ length: 4 }, async () => {
        for (let job = jobs.pop(); job; job = jobs.pop()) await work(shuffled, job);
      });
      await Promise.all(workers);
      expect(await outcomeOfAll(shuffled, second)).toEqual(await outcomeOfAll(inOrder, first));
      for (const tenantId of [inOrder, shuffled]) await goLive(tenantId);
      expect(await outcomeOfAll(shuffled, second)).toEqual(await outcomeOfAll(inOrder, first));
    }),
    { numRuns: RUNS },
  );
}, 3_600_000);

test('any cutting of files into groups, read at once or again, gives the same', async () => {
  await fc.assert(
    fc.asyncProperty(sequence, fc.infiniteStream(fc.nat()), async (sent, chance) => {
      const pick = (below: number): number => (chance.next().value as number) % below;
      const inOrder = await makeTenant(database.db);
      const first = await arrive(inOrder, sent);
      for (const file of first) await work(inOrder, file);

      const grouped = await makeTenant(database.db);
      const second = await arrive(grouped, sent);
      const jobs: (() => Promise<void>)[] = second
        .filter(({ rows }) => rows)
        .map((file) => () => work(grouped, file));
      const small = second.filter(({ rows }) => !rows);
      while (small.length > 0) {
        const group = small.splice(pick(small.length), 1 + pick(3));
        jobs.splice(pick(jobs.length + 1), 0, () => workGroup(grouped, group));
        if (pick(4) === 0) jobs.push(() => workGroup(grouped, [...group].reverse()));
      }
      const workers = Array.from({ length: 3 }, async () => {
        for (let job = jobs.pop(); job; job = jobs.pop()) await job();
      });
      await Promise.all(workers);
      await workDue(grouped);
      expect(await outcomeOfAll(grouped, second)).toEqual(await outcomeOfAll(inOrder, first));
    }),
    { numRuns: RUNS },
  );
}, 3_600_000);

test('a visible call does not wait for a file that later metadata linked to it', async () => {
  const sent: Sent[] = [
    { ...media('a.wav', '1'), minutes: 1 },
    { ...media('b.wav', '2'), minutes: 1 },
    { ...sidecar('a.json', fields('x@y.z')), minutes: 1 },
    { ...sidecar('b.json', fields('p@q.r'), 'a'), minutes: 1 },
  ];
  const inOrder = await makeTenant(database.db);
  const first = await arrive(inOrder, sent);
  for (const file of first) await work(inOrder, file);
  const late = await makeTenant(database.db);
  const second = await arrive(late, sent);
  for (const place of [0, 2, 3, 1]) await work(late, second[place]!);
  expect(await outcomeOfAll(late, second)).toEqual(await outcomeOfAll(inOrder, first));
});

test('a job that finds no rows, since another is storing them, does not take them for advanced', async () => {
  const tenantId = await makeTenant(database.db);
  const [file] = await arrive(tenantId, [{ ...batch('day.csv', [['a', fields('x@y.z')]]), minutes: 1 }]);
  const batches = createBatchStore(database.db);
  expect(await batches.claimSlice(tenantId, file!.fileId, SLICE)).toBeNull();
  await saveRows(tenantId, file!);
  expect((await batches.claimSlice(tenantId, file!.fileId, SLICE))?.chunks).toHaveLength(1);
});

test('a batch that is stored while the call of one of its rows is decided is not passed over', async () => {
  const { db } = database;
  const tenantId = await makeTenant(db);
  const [wav, other, day, json] = await arrive(tenantId, [
    { ...media('a.wav', '1'), minutes: 1 },
    { ...sidecar('z.json', null), minutes: 1 },
    { ...batch('day.csv', [['a', fields('x@y.z', { filename: 'a' })]]), minutes: 1 },
    { ...sidecar('a.json', fields('p@q.r')), minutes: 1 },
  ]);
  await work(tenantId, wav!);
  const facts: FileFacts = { ...json!.facts, stem: 'a', sha256: json!.digest };
  const keys = await createFileStore(db).saveFacts(tenantId, json!.fileId, facts);
  const countWaiting = async (): Promise<number> =>
    (
      await db.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
    ).length;
  let stored: unknown = null;
  const under = await transact(db, async (tx) => {
    // The decision has loaded its facts and stops at the first unread file, which is read meanwhile.
    await tx.query('SELECT FROM files WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [
      tenantId,
      other!.fileId,
    ]);
    const decided = createCallStore(db, tombstones).advance(tenantId, keys, decideCalls);
    await until('the decision waits', async () => (await countWaiting()) === 1);
    const storing = saveRows(tenantId, day!).then((end) => (stored = end));
    await until('the batch is stored, or waits', async () => stored !== null || (await countWaiting()) === 2);
    await tx.execute('UPDATE files SET classified_at = callbay_now() WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      other!.fileId,
    ]);
    return { both: Promise.all([decided, storing]) };
  });
  await under.both;
  await createCallStore(db, tombstones).advance(tenantId, keys, decideCalls);
  const told = await db.query(
    `SELECT outcome_code FROM call_records WHERE tenant_id = $1 AND is_batch_row
     UNION ALL SELECT outcome_code FROM files WHERE tenant_id = $1 AND id = $2`,
    [tenantId, json!.fileId],
  );
  expect(told).toEqual([{ outcome_code: 'SURFACED' }, { outcome_code: 'UPDATED' }]);
});

test('deciding again changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(sequence, async (sent) => {
      const tenantId = await makeTenant(database.db);
      const files = await arrive(tenantId, sent);
      for (const file of files) await work(tenantId, file);
      const before = await outcomeOfAll(tenantId, files);
      await clock.advance(86_400_000);
      await createCallStore(database.db, tombstones).advance(tenantId, ['stem:a', 'stem:b'], decideCalls);
      expect(await outcomeOfAll(tenantId, files)).toEqual(before);
    }),
    { numRuns: 20 },
  );
}, 120_000);

test('call numbers are gap-free and change numbers unique, in commit order', async () => {
  const tenantId = await makeTenant(database.db);
  const sent = Array.from({ length: 12 }, (_, i) => [
    { ...media(`c${i}.wav`, `w${i}`), minutes: 1 },
    { ...sidecar(`c${i}.json`, fields(`u${i}@x.y`)), minutes: 1 },
  ]).flat();
  const files = await arrive(tenantId, sent);
  await Promise.all(files.map((file) => work(tenantId, file)));
  const ids = await database.db.query<{ call_id: number; change_seq: number }>(
    'SELECT call_id, change_seq FROM calls WHERE tenant_id = $1 ORDER BY call_id',
    [tenantId],
  );
  expect(ids.map((row) => row.call_id)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(new Set(ids.map((row) => row.change_seq)).size).toBe(12);
  const events = await database.db.query(
    'SELECT call_id, seq AS change_seq FROM outbox WHERE tenant_id = $1 ORDER BY call_id',
    [tenantId],
  );
  expect(events).toEqual(ids);
});
