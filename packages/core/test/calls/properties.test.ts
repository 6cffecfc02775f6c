import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideCalls, issue } from '../../src/index.ts';
import { fields, HOUR, policiesOf, policyOf, type Scenario, scenario } from './scenario.ts';

/** More with PROPERTY_RUNS=20000. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 1_000);

type Act = (sent: Scenario) => void;

const stem = fc.constantFrom('a', 'b');
const act: fc.Arbitrary<Act> = fc.oneof(
  fc
    .record({
      stem,
      ext: fc.constantFrom('wav', 'mp3'),
      bytes: fc.constantFrom('1', '2'),
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

const told = (outcome: ReturnType<Scenario['decide']>) => ({
  codes: outcome.codes,
  calls: outcome.decisions.map(({ callKey, status, revisions, recording, hold, updatesUntil }) => ({
    ...{ callKey, status, revisions, hold, updatesUntil, recording: recording?.fileId ?? null },
  })),
});

test('deciding after every file, with what ended pinned, ends as deciding once: nothing published is taken back', () => {
  fc.assert(
    fc.property(acts, (list) => {
      let surfaced = new Set<string>();
      let revisions = new Map<string, readonly unknown[]>();
      const pins = new Map<string, number>();
      for (let length = 1; length <= list.length; length++) {
        const sent = play(list.slice(0, length));
        sent.facts.forEach((fact, index) => {
          sent.change(index, { judgedPolicy: pins.get(fact.fileId) ?? null });
        });
        const outcome = sent.decide(policiesOf(), { surfaced });
        for (const decision of outcome.decisions) {
          const before = revisions.get(decision.callKey) ?? [];
          expect(decision.revisions.slice(0, before.length)).toEqual(before);
          if (surfaced.has(decision.callKey)) expect(decision.status).toBe('surfaced');
          for (const verdict of decision.verdicts) {
            if (verdict.state !== 'held') pins.set(verdict.fileId, verdict.policyVersion);
          }
        }
        surfaced = new Set(outcome.decisions.filter((d) => d.status === 'surfaced').map((d) => d.callKey));
        revisions = new Map(outcome.decisions.map((d) => [d.callKey, d.revisions]));
        if (length === list.length) expect(told(outcome)).toEqual(told(play(list).decide()));
      }
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
      const shuffled = loaded.map((f) => ({
        ...f,
        recordings: shuffle(f.recordings),
        records: shuffle(f.records),
        recordingsElsewhere: shuffle(f.recordingsElsewhere),
      }));
      const byFile = (decisions: ReturnType<typeof decideCalls>) =>
        decisions.map((d) => ({
          ...d,
          verdicts: [...d.verdicts].sort((x, y) => x.fileId.localeCompare(y.fileId)),
          hold: d.hold && { ...d.hold, fileIds: [...d.hold.fileIds].sort() },
        }));
      expect(byFile(decideCalls(shuffled, policiesOf()))).toEqual(byFile(decideCalls(loaded, policiesOf())));
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
        .flatMap((d) => [d.recording?.fileId, ...d.revisions.map((r) => r.fileId)])
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

test('one recording, one sidecar and its updates give the same fields in any order of arrival that keeps the last update last', () => {
  const stages = ['1', '2', '3'];
  const orders = fc.shuffledSubarray(['wav', ...stages.slice(0, 2)], { minLength: 3 });
  fc.assert(
    fc.property(orders, (order) => {
      const sent = scenario();
      for (const one of [...order, '3']) {
        if (one === 'wav') sent.media('a.wav');
        else sent.json('a.json', fields({ stage: one }));
      }
      const call = sent.decide().call('a');
      expect(call.revisions.at(-1)?.content.raw).toEqual(fields({ stage: '3' }));
    }),
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
