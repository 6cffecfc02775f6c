import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CallDecision, decideCalls, issue, type SurfacedWith } from '../../src/index.ts';
import { fields, HOUR, policiesOf, policyOf, type Scenario, scenario } from './scenario.ts';

/** More with PROPERTY_RUNS=20000. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 1_000);

type Act = (sent: Scenario) => void;

const stem = fc.constantFrom('a', 'b', 'c');
const act: fc.Arbitrary<Act> = fc.oneof(
  fc
    .record({
      stem,
      ext: fc.constantFrom('wav', 'mp3'),
      // Each of the first three goes on with the one before.
      bytes: fc.constantFrom('1', '12', '123', '2'),
      isTruncated: fc.boolean(),
    })
    .map(
      ({ stem, ext, bytes, isTruncated }): Act =>
        (s) =>
          void s.media(`${stem}.${ext}`, bytes, { isTruncated }),
    ),
  stem.map(
    (name): Act =>
      (s) =>
        void s.media(`${name}.wav`, 'no', { issues: [issue('NOT_MEDIA', 'Text.')] }),
  ),
  fc.record({ stem, ext: fc.constantFrom('wav', 'json') }).map(
    ({ stem, ext }): Act =>
      (s) =>
        void s.unread(`${stem}.${ext}`, 'UNREADABLE'),
  ),
  fc
    .record({
      stem,
      ext: fc.constantFrom('json', 'json', 'xml'),
      email: fc.constantFrom('x@y.z', 'p@q.r', ''),
      names: fc.constantFrom(null, null, 'a.wav', 'b.wav', 'a.mp3'),
      isBroken: fc.boolean(),
    })
    .map(
      ({ stem, ext, email, names, isBroken }): Act =>
        (s) => {
          const read = fields({ email, ...(names === null ? {} : { filename: names }) });
          s.json(`${stem}.${ext}`, isBroken && email === '' ? null : read);
        },
    ),
  fc.record({ stem, email: fc.constantFrom('x@y.z', 'p@q.r', '') }).map(
    ({ stem, email }): Act =>
      (s) =>
        void s.row('batch.csv', stem, fields({ email })),
  ),
  fc.nat(20).map(
    (n): Act =>
      (s) => {
        if (s.facts.length > 0 && s.facts[n % s.facts.length]?.withdrawnSeq === null)
          s.remove(n % s.facts.length);
      },
  ),
  fc.constantFrom(HOUR, 30 * HOUR, 49 * HOUR).map(
    (ms): Act =>
      (s) =>
        void s.at(ms),
  ),
);
const acts = fc.array(act, { minLength: 1, maxLength: 12 });
const play = (list: readonly Act[]): Scenario => {
  const sent = scenario();
  for (const one of list) one(sent);
  return sent;
};

const originOf = ({ firstRecording, revisions: [first] }: CallDecision): SurfacedWith => ({
  recordingFileId: firstRecording!.fileId,
  recordFileId: first!.fileId,
  row: first!.row,
});

const told = (outcome: ReturnType<Scenario['decide']>) => ({
  codes: outcome.codes,
  calls: outcome.decisions.map(({ callKey, status, revisions, recording, hold, updatesUntil }) => ({
    callKey,
    status,
    revisions,
    hold,
    updatesUntil,
    recording: recording?.fileId ?? null,
  })),
});

/** A worker that wakes after each of the acts, when files have been read so many acts after they came. */
function workThrough(list: readonly Act[], delays: readonly number[]) {
  let published: readonly CallDecision[] = [];
  const pins = new Map<string, number>();
  const cameAt: number[] = [];
  const last = list.length + Math.max(0, ...delays);
  let outcome = scenario().decide();
  for (let step = 1; step <= last; step++) {
    const sent = play(list.slice(0, step));
    while (cameAt.length < sent.facts.length) cameAt.push(step);
    const unreadFiles = new Set([...cameAt.keys()].filter((n) => cameAt[n]! + (delays[n] ?? 0) > step));
    for (const [n, fact] of sent.facts.entries()) {
      sent.change(n, { judgedPolicy: pins.get(fact.fileId) ?? null });
    }
    outcome = sent.decide(policiesOf(), {
      unreadFiles,
      surfaced: new Set(published.map((d) => d.callKey)),
      origins: new Map(published.map((d) => [d.callKey, originOf(d)])),
    });
    for (const before of published) {
      const now = outcome.call(before.callKey.slice('stem:'.length));
      expect(now.status).toBe('surfaced');
      expect(now.revisions.slice(0, before.revisions.length)).toEqual(before.revisions);
    }
    for (const verdict of outcome.decisions.flatMap((d) => d.verdicts)) {
      if (verdict.state !== 'held') pins.set(verdict.fileId, verdict.policyVersion);
    }
    published = outcome.decisions.filter((d) => d.status === 'surfaced');
  }
  return outcome;
}

test('deciding after every file, with what ended pinned, ends as deciding once: nothing published is taken back', () => {
  fc.assert(
    fc.property(acts, (list) => {
      expect(told(workThrough(list, []))).toEqual(told(play(list).decide()));
    }),
    { numRuns: RUNS },
  );
});

test('files that are read late, in any order, end as if each had been read at once', () => {
  fc.assert(
    fc.property(acts, fc.array(fc.nat(4), { minLength: 12, maxLength: 12 }), (list, delays) => {
      expect(told(workThrough(list, delays))).toEqual(told(play(list).decide()));
    }),
    { numRuns: RUNS },
  );
});

test('deciding again changes nothing', () => {
  fc.assert(
    fc.property(acts, (list) => {
      const sent = play(list);
      const first = sent.decide();
      const verdicts = new Map(first.decisions.flatMap((d) => d.verdicts).map((v) => [v.fileId, v]));
      for (const [n, fact] of sent.facts.entries()) {
        const verdict = verdicts.get(fact.fileId);
        sent.change(n, { judgedPolicy: verdict && verdict.state !== 'held' ? verdict.policyVersion : null });
      }
      const surfaced = first.decisions.filter((d) => d.status === 'surfaced');
      const again = sent.decide(policiesOf(), {
        surfaced: new Set(surfaced.map((d) => d.callKey)),
        origins: new Map(surfaced.map((d) => [d.callKey, originOf(d)])),
      });
      expect(told(again)).toEqual(told(first));
    }),
    { numRuns: RUNS },
  );
});

test('the order in which facts are loaded does not matter', () => {
  fc.assert(
    fc.property(acts, fc.infiniteStream(fc.nat()), (list, chance) => {
      const shuffle = <T>(items: readonly T[]): T[] =>
        items
          .map((item) => ({ item, at: chance.next().value as number }))
          .sort((x, y) => x.at - y.at)
          .map(({ item }) => item);
      const loaded = play(list).callFacts();
      const shuffled = shuffle(loaded).map((f) => ({
        ...f,
        recordings: shuffle(f.recordings),
        records: shuffle(f.records),
        recordingsElsewhere: shuffle(f.recordingsElsewhere),
      }));
      const inKeyOrder = (decisions: readonly CallDecision[]) =>
        [...decisions].sort((x, y) => x.callKey.localeCompare(y.callKey));
      expect(inKeyOrder(decideCalls(shuffled, policiesOf()))).toEqual(
        inKeyOrder(decideCalls(loaded, policiesOf())),
      );
    }),
    { numRuns: RUNS },
  );
});

test('every file that is read has one verdict, in one call, and no recording or record is in two', () => {
  fc.assert(
    fc.property(acts, (list) => {
      const sent = play(list);
      const { decisions, codes } = sent.decide();
      const verdicts = decisions.flatMap((d) => d.verdicts.map((v) => v.fileId));
      expect(new Set(verdicts).size).toBe(verdicts.length);
      expect(codes).not.toContain('received');
      const used = decisions
        .flatMap((d) => [
          ...new Set([d.firstRecording?.fileId, d.recording?.fileId, ...d.revisions.map((r) => r.fileId)]),
        ])
        .filter(Boolean);
      expect(new Set(used).size).toBe(used.length);
    }),
    { numRuns: RUNS },
  );
});

test('while a file is unread, the answer is the one of what came before it', () => {
  fc.assert(
    fc.property(acts, fc.nat(), (list, n) => {
      const sent = play(list);
      fc.pre(sent.facts.length > 0);
      const unread = n % sent.facts.length;
      const limit = sent.facts[unread]!.seq;
      const earlier = scenario();
      for (const fact of sent.facts) {
        if (fact.seq >= limit) continue;
        const isStillThere = fact.withdrawnSeq === null || fact.withdrawnSeq > limit;
        earlier.facts.push(isStillThere ? { ...fact, withdrawnSeq: null } : fact);
      }
      const delayed = sent.decide(policiesOf(), { unread });
      const told = new Map(sent.facts.map((fact, index) => [fact.fileId, delayed.codes[index]]));
      const { codes } = earlier.decide();
      earlier.facts.forEach((fact, index) => void expect(told.get(fact.fileId)).toBe(codes[index]));
      sent.facts.forEach((fact, index) => {
        if (fact.seq >= limit) expect(delayed.codes[index]).toBe('received');
      });
    }),
    { numRuns: RUNS },
  );
});

test('one recording, one sidecar and its updates give the same fields wherever among them the recording arrives', () => {
  const version = fc.constantFrom(
    fields({ stage: '1' }),
    fields({ stage: '2', amount: '5' }),
    fields({ amount: '6' }),
    fields({ email: '' }),
    { stage: 'alone' },
    null,
  );
  fc.assert(
    fc.property(
      fc.array(version, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('replace' as const, 'merge' as const),
      (versions, updateMode) => {
        const policies = policiesOf(policyOf({ settings: { updateMode } }));
        const ends = Array.from({ length: versions.length + 1 }, (_, place) => {
          const sent = scenario();
          for (const [n, read] of [...versions, undefined].entries()) {
            if (n === place) sent.media('a.wav');
            if (read !== undefined) sent.json('a.json', read);
          }
          const { status, revisions } = sent.decide(policies).call('a');
          return { status, fields: revisions.at(-1)?.content.fields, raw: revisions.at(-1)?.content.raw };
        });
        for (const end of ends) expect(end).toEqual(ends[0]);
      },
    ),
    { numRuns: RUNS },
  );
});

test('a new policy reads what is open and leaves what has ended', () => {
  const sent = scenario()
    .media('a.wav')
    .json('a.json', fields({ datetime: '2026-03-02T10:00:00' }));
  const first = sent.decide();
  sent.facts.forEach((_, index) => void sent.change(index, { judgedPolicy: 1 }));
  const moved = policyOf({ version: 2, timeZone: 'Asia/Seoul' });
  const policies = {
    ...policiesOf(moved),
    pinned: new Map([
      [1, policyOf()],
      [2, moved],
    ]),
  };
  expect(sent.decide(policies, { surfaced: new Set(['stem:a']) }).call('a').revisions).toEqual(
    first.call('a').revisions,
  );
});
